// Telegram delivers to us. Whoever reached our port is not believed: only Telegram knows the secret that it was told when
// this process started. An update is stored before it is answered with 200, so one that is not is delivered again.
import { codeOf } from "../../../src/base/errors.ts";
import { equalInConstantTime, newToken } from "../../../src/base/ids.ts";
import { parseJson } from "../../../src/base/json.ts";
import { limits } from "../../../src/base/limits.ts";
import { sleep, withDeadline } from "../../../src/base/wait.ts";
import type { WebhookRequest } from "../../../src/channel/channel.ts";
import { createBackoff } from "../backoff.ts";
import { meet } from "../health.ts";
import type { Line, Me } from "../line.ts";
import type { Intake } from "./intake.ts";
import { updateIdOf } from "./intake.ts";
import { allowedUpdates } from "./update.ts";

export type Webhook = (request: WebhookRequest, signal: AbortSignal) => Promise<{ readonly status: number }>;

const secretHeader = "x-telegram-bot-api-secret-token";

export function createWebhook(line: Line, intake: Intake): { readonly secret: string; readonly deliver: Webhook } {
  const secret = newToken();
  return {
    secret,
    async deliver({ headers, body }, signal) {
      if (!equalInConstantTime(headers[secretHeader] ?? "", secret)) return { status: 401 };
      const update = parseJson(new TextDecoder().decode(body));
      if (!update.ok || updateIdOf(update.value) === undefined) return { status: 400 };
      try {
        await withDeadline(signal, limits.telegramWebhookTimeoutMs, () => intake.take(update.value));
        return { status: 200 };
      } catch (error) {
        line.context.report(error);
        return { status: codeOf(error) === "timeout" ? 504 : 503 };
      }
    },
  };
}

/** Tells Telegram where to deliver and what to show us, until it says yes. */
export async function offerWebhook(
  line: Line,
  offer: { readonly url: string; readonly secret: string; readonly me: Me },
): Promise<void> {
  const backoff = createBackoff();
  const wanted = {
    url: offer.url,
    secret_token: offer.secret,
    allowed_updates: allowedUpdates,
    max_connections: limits.telegramWebhookConnectionsMax,
  };
  for (;;) {
    try {
      const answer = await line.api.call((api, ending) => api.setWebhook(wanted, ending), line.signal);
      if (answer.kind === "ok") return line.health({ state: "connected", as: `@${offer.me.username}` });
      meet(answer, line);
      await sleep(backoff.next(answer.retryAfterMs), line.signal);
    } catch (error) {
      if (line.signal.aborted) return;
      meet(error, line);
      await sleep(backoff.next(), line.signal);
    }
  }
}
