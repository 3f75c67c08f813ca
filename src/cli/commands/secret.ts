// `secret`: what the broker keeps. Values come in over stdin or a hidden question, and never go out again.
import { LoricaError } from "../../base/errors.ts";
import type { Invocation } from "../context.ts";
import { readSecret } from "../input.ts";
import { withOwner } from "../reach.ts";
import { renderTable } from "../text.ts";

export async function setSecret(invocation: Invocation): Promise<void> {
  const { io, args, context } = invocation;
  const name = nameOf(args);
  const value = await readSecret(context, `The value of ${name}`);
  const result = await withOwner(invocation, (owner) => owner.call("secret.set", { name, value }));
  io.result(result, () => io.line(`${result.replaced ? "replaced" : "stored"} ${result.name}`));
}

export async function listSecrets(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const result = await withOwner(invocation, (owner) => owner.call("secret.list", {}));
  io.result(result, () => {
    if (result.secrets.length === 0) return io.line("no secrets are stored");
    const rows = result.secrets.map((secret) => [secret.name, new Date(secret.updatedAt).toISOString().slice(0, 10)]);
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
  });
}

export async function removeSecret(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const name = nameOf(args);
  const result = await withOwner(invocation, (owner) => owner.call("secret.remove", { name }));
  if (!result.removed) throw new LoricaError("not_found", `there is no secret ${JSON.stringify(name)}`);
  io.result(result, () => io.line(`removed ${result.name}`));
}

function nameOf(args: readonly string[]): string {
  const [name] = args;
  if (name === undefined || name === "")
    throw new LoricaError("invalid_request", "name the secret, as provider:anthropic");
  return name;
}
