// `vault`: what the vault holds, what opens it, and what each secret may be used for. Values come in over stdin or a hidden
// question, and go out only where `--reveal` asks for one.
import { LoricaError } from "../../../base/errors.ts";
import { renderCount } from "../../../base/text/count.ts";
import type { Invocation } from "../../context.ts";
import { readPassphrase, readSecret } from "../../input.ts";
import { commandLine, withOwner } from "../../reach.ts";
import type { OwnerClient } from "../../reach.ts";
import { renderTable } from "../../text.ts";

type State = Awaited<ReturnType<typeof askStatus>>;

const askStatus = (owner: OwnerClient) => owner.call("vault.status", {});

export async function status(invocation: Invocation): Promise<void> {
  show(invocation, await withOwner(invocation, askStatus));
}

export async function init(invocation: Invocation): Promise<void> {
  const { options, context } = invocation;
  const identity = options.choice("identity", ["key-file", "passphrase", "systemd-credential"]) ?? "key-file";
  const keyFile = options.text("keyFile");
  const passphrase = identity === "passphrase" ? await readPassphrase(context, "The new passphrase") : undefined;
  const [before, state] = await withOwner(invocation, async (owner) => [
    await askStatus(owner),
    await owner.call("vault.init", { identity, ...(keyFile && { keyFile }), ...(passphrase && { passphrase }) }),
  ]);
  if (before.recipient !== null && before.recipient !== state.recipient) noteNewKey(invocation);
  show(invocation, state);
}

function noteNewKey({ io }: Invocation): void {
  io.note("the vault is sealed to a new key; the former one does not open it any more");
  io.note("backups that were made until now open with the former key only: make a new one with lorica backup create");
}

export async function unseal(invocation: Invocation): Promise<void> {
  const state = await withOwner(invocation, async (owner) => {
    const { identity, state: now } = await askStatus(owner);
    if (now === "open") return await askStatus(owner);
    if (!owner.running)
      throw new LoricaError(
        "unavailable",
        `no gateway runs, and only a running one can be unlocked. Start it first: ${commandLine(invocation, "up")}`,
      );
    const passphrase =
      identity === "passphrase" ? await readPassphrase(invocation.context, "The passphrase") : undefined;
    return await owner.call("vault.unseal", passphrase === undefined ? {} : { passphrase });
  });
  show(invocation, state);
}

export async function seal(invocation: Invocation): Promise<void> {
  const state = await withOwner(invocation, async (owner) => {
    if (owner.running) return await owner.call("vault.seal", {});
    throw new LoricaError("unavailable", "no gateway runs, so nothing is open: on the disk the vault is always sealed");
  });
  show(invocation, state);
}

export async function rotate(invocation: Invocation): Promise<void> {
  const { args, context } = invocation;
  const [name] = args;
  if (name !== undefined) return await replace(invocation, name);
  const state = await withOwner(invocation, async (owner) => {
    const { identity } = await askStatus(owner);
    const passphrase = identity === "passphrase" ? await readPassphrase(context, "The new passphrase") : undefined;
    return await owner.call("vault.rotate", passphrase === undefined ? {} : { passphrase });
  });
  noteNewKey(invocation);
  show(invocation, state);
}

async function replace(invocation: Invocation, name: string): Promise<void> {
  const { io, context } = invocation;
  const result = await withOwner(invocation, async (owner) => {
    await owner.call("vault.get", { name });
    const value = await readSecret(context, `The new value of ${name}`);
    return await owner.call("vault.set", { name, value });
  });
  io.result(result, () =>
    io.line(`replaced ${name}; the former value is still good where it was made until you revoke it there`),
  );
}

export async function set(invocation: Invocation): Promise<void> {
  const { io, options, context, args } = invocation;
  const name = nameOf(args);
  const bind = options.text("bind");
  if (options.flag("onlyBind") && bind === undefined)
    throw new LoricaError("invalid_request", "--only-bind needs --bind");
  const value = options.flag("onlyBind") ? undefined : await readSecret(context, `The value of ${name}`);
  const result = await withOwner(invocation, (owner) =>
    owner.call("vault.set", {
      name,
      ...(value === undefined ? {} : { value }),
      ...(bind === undefined ? {} : { binding: bind === "-" ? "" : bind }),
    }),
  );
  io.result(result, () => io.line(`${result.replaced ? "replaced" : "stored"} ${result.name}`));
}

export async function get(invocation: Invocation): Promise<void> {
  const { io, options, args } = invocation;
  const reveal = options.flag("reveal");
  const found = await withOwner(invocation, (owner) => owner.call("vault.get", { name: nameOf(args), reveal }));
  io.result(found, () => {
    if (reveal) return io.line(found.value ?? "");
    const rows: [string, string][] = [
      ["name", found.name],
      ["stored", day(found.updatedAt)],
      ["bound to", found.binding ?? "nothing: wherever the config sends it"],
      [
        "used",
        found.lastUsedAt === null ? "not yet" : `${renderCount(found.uses, "time")}, last ${day(found.lastUsedAt)}`,
      ],
      ...(found.source === "environment"
        ? [["note", "the environment or the config gives another value, which wins"] as [string, string]]
        : []),
    ];
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
  });
}

export async function list(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const result = await withOwner(invocation, (owner) => owner.call("vault.list", {}));
  io.result(result, () => {
    if (result.secrets.length === 0) return io.line("no secrets are stored");
    const rows = result.secrets.map(({ name, updatedAt, binding }) => [name, day(updatedAt), binding ?? ""]);
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
  });
}

export async function remove(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const name = nameOf(args);
  const result = await withOwner(invocation, (owner) => owner.call("vault.remove", { name }));
  if (!result.removed) throw new LoricaError("not_found", `there is no secret ${JSON.stringify(name)}`);
  io.result(result, () => io.line(`removed ${result.name}`));
}

function show({ io }: Invocation, state: State): void {
  io.result(state, () => {
    const rows: [string, string][] = [
      [
        "vault",
        state.state === "open" ? `open, ${renderCount(state.secrets ?? 0, "secret")}` : `locked: ${state.reason ?? ""}`,
      ],
      ...(state.fix === null ? [] : [["to do", state.fix] as [string, string]]),
      ["opened by", state.keyFile === null ? state.identity : `${state.identity} ${state.keyFile}`],
      ["recipient", state.recipient ?? "none yet"],
      ["disk", `${diskWord(state.disk.encrypted)}: ${state.disk.detail}`],
    ];
    for (const line of renderTable(rows, { width: Infinity })) io.line(line);
  });
}

function diskWord(encrypted: boolean | null): string {
  if (encrypted === null) return "unknown";
  return encrypted ? "encrypted" : "not encrypted";
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function nameOf([name]: readonly string[]): string {
  if (name !== undefined && name !== "") return name;
  throw new LoricaError("invalid_request", "name the secret, as provider:anthropic");
}
