// The gateway's token: what HTTP clients show. The broker keeps it; the gateway process gets its SHA-256 and no more.
import { newToken } from "../base/ids.ts";
import { LoricaError } from "../base/errors.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import type { FileVault } from "./vault.ts";
import { gatewayTokenName } from "./names.ts";

const gatewayTokenMinChars = 32;
const gatewayTokenMaxChars = 512;

/** Scripts that read a missing value print these; a token that anybody could guess is none (GW-028). */
const accidents: ReadonlySet<string> = new Set([
  "null",
  "undefined",
  "nan",
  "none",
  "true",
  "false",
  "[object object]",
]);

export function parseGatewayToken(text: string): Parsed<string> {
  const token = text.trim();
  if (token === "") return rejected("it is empty");
  if (accidents.has(token.toLowerCase())) return rejected(`it is the word ${JSON.stringify(token)}`);
  if (token.length < gatewayTokenMinChars) return rejected(`it is shorter than ${gatewayTokenMinChars} characters`);
  if (token.length > gatewayTokenMaxChars) return rejected(`it is longer than ${gatewayTokenMaxChars} characters`);
  if (!/^[\x21-\x7e]+$/.test(token)) return rejected("it holds characters that cannot stand in an HTTP header");
  if (new Set(token).size < 8) return rejected("it repeats the same few characters");
  return parsed(token);
}

/** The token that counts: the environment's or config's, else the stored one, else a new one that is then stored. */
export async function ensureGatewayToken(vault: FileVault): Promise<string> {
  const found = await vault.read(gatewayTokenName);
  if (found === undefined) return await createGatewayToken(vault);
  const token = parseGatewayToken(found);
  if (token.ok) return token.value;
  const where = vault.sourceOf(gatewayTokenName) === "environment" ? "the environment or the config" : "the vault";
  throw new LoricaError(
    "config_invalid",
    `the gateway token from ${where} is not usable: ${token.reason}. Remove it, or create one with: lorica token create`,
  );
}

export async function createGatewayToken(vault: FileVault): Promise<string> {
  const token = newToken(32);
  await vault.write(gatewayTokenName, token);
  return token;
}
