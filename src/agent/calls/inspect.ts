// What a tool returned, made fit to be stored and shown to a model: secrets out (AG-019), cut to size (AG-018), and
// wrapped where it came from outside (AG-010).
import type { MediaRef } from "../../base/envelope.ts";
import { everyone } from "../../base/label.ts";
import type { Label } from "../../base/label.ts";
import { limits } from "../../base/limits.ts";
import type { Tool, ToolOutput } from "../../tool/tool.ts";
import { wrapExternal } from "../context/markers.ts";
import type { CallScope } from "../scope.ts";
import { truncateMiddle } from "../truncate.ts";

export type Inspected = {
  readonly text: string;
  readonly media: readonly MediaRef[];
  readonly label: Label | undefined;
};

const outside: Label = { integrity: "untrusted", readers: [everyone] };
/** Redaction comes before the cut, so that no cut can split a secret; past this nothing would be kept anyway. */
const redactedMaxChars = limits.toolOutputMaxChars * 4;

export async function inspectOutput(
  scope: CallScope,
  tool: Tool,
  parts: { readonly output: ToolOutput; readonly maxChars: number },
): Promise<Inspected> {
  const { agentId, sessionKey } = scope.turn;
  const texts = [truncateMiddle(parts.output.text, redactedMaxChars)];
  const question = { point: "result", agentId, sessionKey, texts } as const;
  const { texts: clean } = await scope.options.dlp.inspect(question, scope.signal);
  const text = truncateMiddle(clean[0] ?? "", parts.maxChars);
  const { media, left } = await saveImages(scope, tool, parts.output);
  const own = tool.output === "own";
  const whole = left === 0 ? text : `${text}\n[${left} images left out: too many or too large]`;
  return {
    text: own ? whole : wrapExternal(whole, `tool ${tool.name}`),
    media,
    label: own ? undefined : outside,
  };
}

async function saveImages(
  scope: CallScope,
  tool: Tool,
  output: ToolOutput,
): Promise<{ readonly media: readonly MediaRef[]; readonly left: number }> {
  const media: MediaRef[] = [];
  for (const image of output.images.slice(0, limits.attachmentsMax)) {
    const bytes = Buffer.from(image.base64, "base64");
    if (bytes.length > limits.attachmentMaxBytes) continue;
    media.push(await scope.options.store.media.save(bytes, image.mime, `${tool.name}-image`));
  }
  return { media, left: output.images.length - media.length };
}
