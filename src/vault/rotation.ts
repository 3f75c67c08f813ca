// One gateway token following another. For a while both count, so that clients can be moved over one by one; then the
// earlier one is forgotten.
import { LoricaError } from "../base/errors.ts";
import { newToken } from "../base/ids.ts";
import type { FileVault } from "./vault.ts";
import { ensureGatewayToken } from "./gateway-token.ts";
import { gatewayTokenName } from "./names.ts";

/** The name says until when, so that the value is nothing but the token and is kept out of logs like any other. */
const earlierName = /^gateway:token\.until-(\d{1,16})$/;

export type Rotation = { readonly previousUntil: number };

export async function rotateGatewayToken(
  vault: FileVault,
  { now, graceMs }: { readonly now: number; readonly graceMs: number },
): Promise<Rotation> {
  const before = await ensureGatewayToken(vault);
  const previousUntil = now + graceMs;
  // Whoever still has the one before last was told once already.
  for (const { name } of await earlierTokens(vault)) await vault.remove(name);
  if (graceMs > 0) await vault.write(`gateway:token.until-${previousUntil}`, before);
  await vault.write(gatewayTokenName, newToken(32));
  return { previousUntil };
}

/** At once: neither the token before nor one whose days are not over counts any more. */
export async function replaceGatewayToken(vault: FileVault, now: number): Promise<string> {
  await rotateGatewayToken(vault, { now, graceMs: 0 });
  return await ensureGatewayToken(vault);
}

/** Every token that counts now, the present one first. */
export async function countingTokens(vault: FileVault, now: number): Promise<readonly string[]> {
  const present = await ensureGatewayToken(vault);
  const earlier = (await earlierTokens(vault)).filter(({ until }) => until > now);
  const values = await Promise.all(earlier.map(({ name }) => vault.read(name)));
  return [present, ...values.filter((value) => value !== undefined)];
}

/** Answers whether there were any. */
export async function forgetExpiredTokens(vault: FileVault, now: number): Promise<boolean> {
  const expired = (await earlierTokens(vault)).filter(({ until }) => until <= now);
  for (const { name } of expired) await vault.remove(name);
  return expired.length > 0;
}

/** When the next one is forgotten. */
export async function nextExpiry(vault: FileVault): Promise<number | undefined> {
  const [first] = (await earlierTokens(vault)).map(({ until }) => until).toSorted((left, right) => left - right);
  return first;
}

/** When the present token was made; undefined where the environment or the config gives it. */
export async function tokenMadeAt(vault: FileVault): Promise<number | undefined> {
  if (vault.sourceOf(gatewayTokenName) !== "vault") return undefined;
  return (await vault.list()).find(({ name }) => name === gatewayTokenName)?.updatedAt;
}

/** The last scheduled moment before now: 03:00 of the first of the month, or of Monday. Local time, as people plan. */
export function lastScheduled(schedule: "monthly" | "weekly", now: number): number {
  const at = new Date(now);
  at.setHours(3, 0, 0, 0);
  if (schedule === "monthly") at.setDate(1);
  else at.setDate(at.getDate() - ((at.getDay() + 6) % 7));
  if (at.getTime() > now) {
    if (schedule === "monthly") at.setMonth(at.getMonth() - 1);
    else at.setDate(at.getDate() - 7);
  }
  return at.getTime();
}

async function earlierTokens(vault: FileVault): Promise<readonly { readonly name: string; readonly until: number }[]> {
  return (await vault.list()).flatMap(({ name }) => {
    const until = earlierName.exec(name)?.[1];
    return until === undefined ? [] : [{ name, until: Number(until) }];
  });
}

const dayMs = 86_400_000;
const ageWarnDays = 90;

export async function describeToken(vault: FileVault, now: number) {
  const token = await ensureGatewayToken(vault);
  const madeAt = await tokenMadeAt(vault);
  const age = madeAt === undefined ? {} : { ageDays: Math.floor((now - madeAt) / dayMs) };
  return { token, source: vault.sourceOf(gatewayTokenName) ?? "vault", ageWarnDays, ...age };
}

/** What no vault can change is changed where it stands. */
export function refuseGivenToken(vault: FileVault): void {
  if (vault.sourceOf(gatewayTokenName) !== "environment") return;
  throw new LoricaError(
    "conflict",
    "the environment or the config gives the gateway's token; change it there, or remove it and try again",
  );
}

/** Whoever shows the token itself. Paired devices have tokens of their own and stay as they are. */
export const holdersOfToken: readonly string[] = [
  "programs that call the HTTP API (Authorization: Bearer …)",
  "scripts and service files that set OPENCLAW_GATEWAY_TOKEN",
  "gateway.remote.token on other machines, and proxies or tunnels that add the token",
  "paired devices need nothing: each has a token of its own (devices list)",
];
