// `backup …`: making, trying and putting back. The work is done where the files are; this asks for it and says what came of it.
import { existsSync, readdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import { renderCount } from "../../../base/text/count.ts";
import type { Invocation } from "../../context.ts";
import { confirm, readPassphrase } from "../../input.ts";
import { commandLine, withOwner } from "../../reach.ts";
import { renderBytes, renderTable } from "../../text.ts";

type BackupKind = "full" | "no-transcripts" | "config-only";

const patienceMs = limits.backupTimeoutMs;

export async function createBackup(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const kind: BackupKind = options.flag("configOnly")
    ? "config-only"
    : options.off("transcripts")
      ? "no-transcripts"
      : "full";
  const to = options.text("to");
  const order = {
    kind,
    recipients: [...options.list("recipient")],
    ...(to === undefined ? {} : { to: fullPath(invocation, to) }),
    ...(options.flag("plain") ? { plain: true as const } : {}),
  };
  const making = withOwner(invocation, (owner) => owner.call("backup.create", order, patienceMs));
  const made = await io.progress("making a backup", making);
  io.result(made, () => {
    io.line(`${made.path}  ${renderBytes(made.bytes)}, ${renderCount(made.files, "file")}`);
    for (const warning of made.warnings) io.line(io.style("yellow", `note: ${warning}`));
    if (made.opensWith !== null)
      io.line(
        `On another machine it is opened with the vault's key: ${made.opensWith}. Keep a copy of it apart from this file.`,
      );
  });
}

export async function verifyBackup(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const params = await given(invocation);
  const verified = await io.progress(
    "reading the backup",
    withOwner(invocation, (owner) => owner.call("backup.verify", params, patienceMs)),
  );
  const { path, kind, createdAt, files, bytes } = verified;
  io.result(verified, () =>
    io.line(`${path} is whole: ${kind}, ${createdAt}, ${renderCount(files, "file")}, ${renderBytes(bytes)}`),
  );
}

export async function restoreBackup(invocation: Invocation): Promise<void> {
  const { io, options, context, paths } = invocation;
  const params = await given(invocation);
  const to = options.text("to");
  const target = to === undefined ? undefined : fullPath(invocation, to);
  const place = target ?? paths.stateDir;
  // On a new machine there is nothing that anybody could lose.
  if (!options.flag("yes") && isInhabited(place))
    await confirm(context, `Put ${params.path} in the place of ${place}? What is there now is kept.`);
  const order = target === undefined ? params : { ...params, to: target };
  const restoring = withOwner(invocation, (owner) => owner.call("backup.restore", order, patienceMs));
  const restored = await io.progress("restoring", restoring);
  io.result(restored, () => {
    io.line(`restored ${renderCount(restored.files, "file")} of ${restored.createdAt} to ${restored.stateDir}`);
    if (restored.replaced !== null) io.line(`what was there is in ${restored.replaced}`);
    for (const note of restored.notes) io.line(note);
    io.line(`Start it: ${commandLine(invocation, "gateway run")}`);
  });
}

function isInhabited(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}

export async function scheduleBackups(invocation: Invocation): Promise<void> {
  const { io, options, args } = invocation;
  const every = args[0] ?? "weekly";
  if (!["off", "daily", "weekly"].includes(every))
    throw new LoricaError("invalid_request", `say weekly, daily or off, not ${JSON.stringify(every)}`);
  const to = options.text("to");
  const wanted = {
    every,
    day: options.text("day"),
    time: options.text("time"),
    keep: options.text("keep"),
    target: to === undefined ? undefined : fullPath(invocation, to),
  };
  const edits = Object.entries(wanted).flatMap(([name, text]) =>
    text === undefined ? [] : [{ path: `backup.${name}`, text: name === "keep" ? text : JSON.stringify(text) }],
  );
  const list = await withOwner(invocation, async (owner) => {
    await owner.call("config.set", { edits });
    return await owner.call("backup.list", {});
  });
  io.result(list, () =>
    io.line(
      list.nextRunAt === null
        ? "no backup is made by itself"
        : `the next backup is made at ${timeOf(list.nextRunAt)}, in ${list.folder}`,
    ),
  );
}

export async function listBackups(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const to = options.text("to");
  const params = to === undefined ? {} : { folder: fullPath(invocation, to) };
  const list = await withOwner(invocation, (owner) => owner.call("backup.list", params));
  io.result(list, () => {
    if (list.backups.length === 0) io.line(`there are no backups in ${list.folder}`);
    const rows = list.backups.map(({ path, createdAt, kind, bytes, sealed }) => [
      timeOf(createdAt),
      kind,
      renderBytes(bytes),
      sealed ? "sealed" : io.style("yellow", "plain"),
      path,
    ]);
    for (const line of renderTable(rows, { width: Infinity })) io.line(line);
    if (list.nextRunAt !== null) io.line(`next: ${timeOf(list.nextRunAt)}`);
  });
}

export async function acceptDatabase(invocation: Invocation): Promise<void> {
  const { io, options, context } = invocation;
  if (!options.flag("yes"))
    await confirm(
      context,
      "Go on with the database as it is? What was deleted or revoked since it was made holds again.",
    );
  const done = await withOwner(invocation, (owner) => owner.call("backup.accept", {}));
  io.result(done, () => io.line(`the next start takes it as it is: ${commandLine(invocation, "gateway run")}`));
}

/** The file, and what opens it where that is not this machine's vault. */
async function given(invocation: Invocation) {
  const [file] = invocation.args;
  if (file === undefined) throw new LoricaError("invalid_request", "name the backup");
  const path = fullPath(invocation, file);
  const identity = invocation.options.text("identity");
  const key = identity === undefined ? undefined : fullPath(invocation, identity);
  const isWrapped = (key ?? `${path}.key`).endsWith(".age") || (key ?? `${path}.key`).endsWith(".age.key");
  const needsPassphrase = isWrapped && existsSync(key ?? `${path}.key`);
  const passphrase = needsPassphrase
    ? await readPassphrase(invocation.context, "The passphrase of the key")
    : undefined;
  return {
    path,
    ...(key === undefined ? {} : { identity: key }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

function fullPath({ context }: Invocation, path: string): string {
  return isAbsolute(path) ? path : join(context.callerDirectory ?? process.cwd(), path);
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}
