// Telegram's Bot API for one account: grammY's typed methods over the channel's own way out, and answers as values. What
// throws here did not get an answer, so nobody knows what became of it, unless its code says that it never left.
import type { ApiClientOptions } from "grammy/web";
import { Api, GrammyError, HttpError } from "grammy/web";
import { LoricaError } from "../../src/base/errors.ts";
import { isRecord, parseJson } from "../../src/base/json.ts";
import { limits } from "../../src/base/limits.ts";
import { abortError, openDeadline } from "../../src/base/wait.ts";
import type { ChannelContext } from "../../src/channel/channel.ts";
import { tokenPlaceholder } from "../../src/channel/channel.ts";
import { readBytes } from "./bytes.ts";

export type Methods = Api["raw"];

/** The library declares its signals after another library; what it runs on, and is given, are the platform's own. */
type MethodSignal = NonNullable<Parameters<Methods["getMe"]>[0]>;

export type Refusal = {
  readonly kind: "refused";
  readonly code: number;
  readonly description: string;
  readonly retryAfterMs: number | undefined;
  /** The group has become a supergroup, which has another id. */
  readonly migratedTo: number | undefined;
};

export type Answer<T> = { readonly kind: "ok"; readonly result: T } | Refusal;

export type BotApi = {
  /** Throws `unavailable`, `overloaded` or `forbidden` before anything left, and other codes after. */
  call<T>(
    use: (methods: Methods, signal: MethodSignal) => Promise<T>,
    signal: AbortSignal,
    timeoutMs?: number,
  ): Promise<Answer<T>>;
  /** Where a file lies that `getFile` has named. */
  fileUrl(path: string): string;
};

export type BotApiOptions = {
  readonly account: string;
  readonly root: string;
  readonly fetch: ChannelContext["fetch"];
};

export function createBotApi(options: BotApiOptions): BotApi {
  const api = new Api(tokenPlaceholder, {
    apiRoot: options.root,
    fetch: createFetch(options) as NonNullable<ApiClientOptions["fetch"]>,
    // The caller's deadline is shorter than the library's own.
    timeoutSeconds: 2 * (limits.telegramPollSeconds + limits.telegramPollMarginMs / 1_000),
  });
  return {
    async call(use, signal, timeoutMs = limits.telegramRequestTimeoutMs) {
      if (signal.aborted) throw abortError(signal);
      const deadline = openDeadline(signal, timeoutMs);
      try {
        return { kind: "ok", result: await use(api.raw, deadline.signal as unknown as MethodSignal) };
      } catch (cause) {
        return explain(cause, deadline.signal);
      } finally {
        deadline.close();
      }
    },
    fileUrl: (path) =>
      `${options.root}/file/bot${tokenPlaceholder}/${path.split("/").map(encodeURIComponent).join("/")}`,
  };
}

/** The library's errors carry the whole payload, which is somebody's message, so none of them is passed on. */
function explain(cause: unknown, signal: AbortSignal): Refusal {
  if (cause instanceof GrammyError && cause.error_code < 500) {
    const { retry_after: seconds, migrate_to_chat_id: migratedTo } = cause.parameters;
    return {
      kind: "refused",
      code: cause.error_code,
      description: cause.description,
      retryAfterMs: seconds === undefined ? undefined : seconds * 1_000,
      migratedTo,
    };
  }
  if (cause instanceof GrammyError)
    throw new LoricaError("upstream", `Telegram failed at ${cause.method} (${cause.error_code}: ${cause.description})`);
  if (signal.aborted) throw abortError(signal);
  const inner: unknown = cause instanceof HttpError ? cause.error : cause;
  if (inner instanceof LoricaError) throw inner;
  throw new LoricaError("internal", "a request to Telegram failed", { cause: inner });
}

function createFetch({ account, fetch: send }: BotApiOptions) {
  return async (input: string | URL, init: RequestInit): Promise<Response> => {
    const signal = init.signal ?? new AbortController().signal;
    const type = new Headers(init.headers).get("content-type") ?? "application/json";
    const body = await bodyOf(init.body);
    const url = String(input);
    const response = await send({ account, method: "POST", url, headers: { "content-type": type }, body }, signal);
    const bytes = await readBytes(response.body, limits.telegramResponseMaxBytes, signal);
    if (bytes === undefined)
      throw new LoricaError("upstream", `Telegram answered with more than ${limits.telegramResponseMaxBytes} bytes`);
    return new Response(answerOf(bytes, response.status));
  };
}

/** What stands between us and Telegram answers in its own words; a refusal is one in any words, a failure is not. */
function answerOf(bytes: Uint8Array, status: number): string {
  const text = new TextDecoder().decode(bytes);
  const json = parseJson(text);
  if (json.ok && isRecord(json.value) && typeof json.value["ok"] === "boolean") return text;
  if (status < 400 || status >= 500)
    throw new LoricaError("upstream", `Telegram answered with HTTP ${status} and something that is not its format`);
  return JSON.stringify({ ok: false, error_code: status, description: `HTTP ${status}` });
}

async function bodyOf(body: unknown): Promise<Uint8Array> {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (!(body instanceof ReadableStream)) throw new LoricaError("internal", "grammY sent a body of an unknown kind");
  const bytes = await readBytes(body as ReadableStream<Uint8Array>, limits.fetchBodyMaxBytes);
  if (bytes === undefined)
    throw new LoricaError("too_large", `a message to Telegram has more than ${limits.fetchBodyMaxBytes} bytes`);
  return bytes;
}
