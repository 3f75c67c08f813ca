// The marker of this installation's system prompt: a word that is nowhere else, so that where it turns up somebody is
// passing the prompt on. The broker keeps it, and tells it to the gateway for the prompt.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { readPrivateFile, writePrivateFile } from "../../../base/files/private-file.ts";

const form = /^[a-z0-9]{16}$/;

export async function openCanary(credentials: string): Promise<string> {
  const path = join(credentials, "canary");
  const kept = (await readPrivateFile(path, 64))?.trim();
  if (kept !== undefined && form.test(kept)) return kept;
  const canary = createCanary();
  await writePrivateFile(path, `${canary}\n`);
  return canary;
}

/** Letters and digits by turns: a dozen of them in a row are in no other text. */
export function createCanary(): string {
  const letters = "bcdfghjkmnpqrstvwxz";
  return [...randomBytes(16)]
    .map((byte, at) => (at % 2 === 0 ? (letters[byte % letters.length] ?? "q") : String(byte % 10)))
    .join("");
}
