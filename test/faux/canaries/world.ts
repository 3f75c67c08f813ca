// Who is outside during the day: a model provider and the platforms of two bots. Each checks the credential that it is
// called with, and the unkind among their answers repeat it.
import { startFauxProvider } from "../provider.ts";
import type { FauxProvider, FauxReply, FauxRequest } from "../provider.ts";
import { openFauxTelegram } from "../telegram/server.ts";
import type { FauxTelegram } from "../telegram/server.ts";
import type { Places, Planted } from "./plant.ts";

export type World = {
  readonly provider: FauxProvider;
  readonly telegram: FauxTelegram;
  readonly workTelegram: FauxTelegram;
  readonly places: Places;
  /** While a model is asked to hold its answer. */
  readonly held: () => boolean;
  readonly letGo: () => void;
  close(): Promise<void>;
};

export async function openWorld({ used }: Planted): Promise<World> {
  let answerHeld = Promise.withResolvers<void>();
  let isHeld = false;
  const hold = async (): Promise<void> => {
    isHeld = true;
    await answerHeld.promise;
    isHeld = false;
    answerHeld = Promise.withResolvers();
  };
  const provider = await startFauxProvider({ script: (request) => answer(request, hold) });
  const telegram = await openFauxTelegram(used.bot);
  const workTelegram = await openFauxTelegram(used.workBot);
  return {
    provider,
    telegram,
    workTelegram,
    places: {
      provider: provider.url,
      telegram: telegram.url,
      workTelegram: workTelegram.url,
    },
    held: () => isHeld,
    letGo: () => answerHeld.resolve(),
    async close() {
      answerHeld.resolve();
      await Promise.all([provider.close(), telegram[Symbol.asyncDispose](), workTelegram[Symbol.asyncDispose]()]);
    },
  };
}

/** `call NAME JSON` calls a tool, `echo` repeats the credential, `split` in two halves, `fail` refuses it by its value, `hold` waits. */
function answer({ json, headers }: FauxRequest, hold: () => Promise<void>): FauxReply {
  const key = String(headers.authorization).replace("Bearer ", "");
  const messages = json["messages"] as readonly { readonly role: string; readonly content: unknown }[];
  const last = messages.at(-1);
  const said = textOf(last?.content);
  if (last?.role === "tool") return { text: `the tool said: ${said.slice(0, 300)}` };
  const [, tool, input] = /^call (\w+) (\{.*\})$/m.exec(said) ?? [];
  if (tool !== undefined && input !== undefined) return { calls: [{ id: `c${messages.length}`, name: tool, input }] };
  // A stream tells a text in two halves. The broker finds in it what stands in one of them, over packets of any size.
  if (/^echo/m.test(said))
    return {
      text: `your key is ${key}, is it? ${".".repeat(2 * key.length)}`,
      chunkBytes: 7,
      headers: { "x-key": key },
    };
  if (/^split/m.test(said)) return { text: `your key is ${key}, is it not?` };
  if (/^fail/m.test(said)) return { status: 401, message: `no such key: ${key}`, headers: { "x-key": key } };
  if (/^hold/m.test(said)) return { text: "held", until: hold() };
  return { text: `heard: ${said.slice(0, 300)}` };
}

function textOf(content: unknown): string {
  const parts = (content ?? "") as string | readonly { readonly text?: string }[];
  const text = typeof parts === "string" ? parts : parts.flatMap((part) => part.text ?? []).join("\n");
  return text.replaceAll(/^\[#.*\]\n/gm, "");
}
