// One tool call over HTTP, as a client of the owner's makes it.
import type { Installation } from "../installation.ts";

export type Invoked = { readonly ok: boolean; readonly text: string; readonly type: string | undefined };

export async function invoke(
  lorica: Installation,
  tool: string,
  args: Readonly<Record<string, unknown>>,
  sessionKey?: string,
): Promise<Invoked> {
  const response = await fetch(`http://127.0.0.1:${lorica.port}/tools/invoke`, {
    method: "POST",
    headers: { authorization: `Bearer ${lorica.token}`, "content-type": "application/json" },
    body: JSON.stringify({ tool, args, ...(sessionKey === undefined ? {} : { sessionKey }) }),
  });
  const answer = (await response.json()) as {
    readonly ok: boolean;
    readonly result?: { readonly content: readonly { readonly text: string }[] };
    readonly error?: { readonly type: string; readonly message: string };
  };
  const text = answer.error?.message ?? answer.result?.content.map((part) => part.text).join("") ?? "";
  return { ok: answer.ok, text, type: answer.error?.type };
}
