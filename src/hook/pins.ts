// What the owner has trusted: the registrations and the hash of each script's folder, kept where neither agents nor the
// gateway can write. Hooks that are not as they were then are not asked, and what they would have judged is refused.
import { z } from "zod";
import { LoricaError } from "../base/errors.ts";
import { readPrivateFile, writePrivateFile } from "../base/files/private-file.ts";
import { parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { hookEvents } from "./definition.ts";

const pinned = z.strictObject({
  version: z.literal(1),
  at: z.number(),
  definitions: z
    .array(
      z.strictObject({
        event: z.enum(hookEvents),
        matcher: z.string(),
        command: z.string(),
        timeoutMs: z.number().positive(),
      }),
    )
    .max(limits.hooksMax),
  /** Folder → hash. */
  folders: z.record(z.string(), z.string()),
});

export type Pins = z.infer<typeof pinned>;

export async function loadPins(path: string): Promise<Pins | undefined> {
  const text = await readPrivateFile(path, limits.hookSettingsMaxBytes * 2);
  if (text === undefined) return undefined;
  const json = parseJson(text);
  const read = pinned.safeParse(json.ok ? json.value : undefined);
  if (read.success) return read.data;
  throw new LoricaError("config_invalid", `${path} is damaged; trust the hooks again with: lorica hooks trust`);
}

export async function savePins(path: string, pins: Pins): Promise<void> {
  await writePrivateFile(path, `${JSON.stringify(pins, null, 2)}\n`);
}
