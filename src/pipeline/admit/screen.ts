// What somebody wrote, before it is stored: a credential that was pasted by mistake, or to be kept, is left out of the
// conversation (DLP-012), and the message says so where it stood.
import type { Envelope } from "../../base/envelope.ts";
import type { Inspector } from "../../dlp/dlp.ts";

export const leftOut =
  "[A credential in this message was left out before it was stored. The owner keeps one with: lorica secret set NAME]";

export async function screenEnvelope(
  envelope: Envelope,
  about: { readonly agentId: string; readonly sessionKey: string },
  { dlp, signal }: { readonly dlp: Inspector; readonly signal: AbortSignal },
): Promise<Envelope> {
  const { text, quote, overheard = [] } = envelope;
  const texts = [text, quote?.text ?? "", ...overheard.map((one) => one.text)];
  if (texts.every((one) => one === "")) return envelope;
  const { verdict, texts: left } = await dlp.inspect({ point: "inbound", ...about, texts }, signal);
  if (verdict === "pass") return envelope;
  const [own = "", quoted = "", ...others] = left;
  return {
    ...envelope,
    text: own === text ? text : `${own}\n${leftOut}`,
    ...(quote === undefined ? {} : { quote: { ...quote, text: quoted } }),
    ...(overheard.length === 0 ? {} : { overheard: overheard.map((one, at) => ({ ...one, text: others[at] ?? "" })) }),
  };
}
