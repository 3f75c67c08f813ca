// `config`: through the broker where one runs, because it is the only writer; on the file, under its lock, where none does.
import { systemClock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { configJsonSchema, createConfigFile, renderChanges } from "../../config/config.ts";
import type { ConfigChange, ConfigRevision } from "../../protocol/owner-methods.ts";
import type { Invocation } from "../context.ts";
import { commandLine, withOwner } from "../reach.ts";
import type { OwnerClient } from "../reach.ts";
import { renderTable } from "../text.ts";

export async function configGet(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const [path] = args;
  const view = await withOwner(invocation, (owner) => owner.call("config.get", path === undefined ? {} : { path }));
  if (!view.valid) throw invalid(invocation, view.path, view.issues);
  if (view.value === undefined) throw new LoricaError("not_found", `${path} is not set and has no default`);
  io.result(view.value, () =>
    io.line(typeof view.value === "string" ? view.value : JSON.stringify(view.value, null, 2)),
  );
}

export async function configSet(invocation: Invocation): Promise<void> {
  const { args } = invocation;
  const [path, ...words] = args;
  if (path === undefined || words.length === 0)
    throw new LoricaError(
      "invalid_request",
      `name a key and its value: ${invocation.context.program} config set gateway.port 19000`,
    );
  // A value that the shell has cut into words was quoted wrongly; its parts together say what was meant.
  await change(invocation, (owner) => owner.call("config.set", { edits: [{ path, text: words.join(" ") }] }));
}

export async function configUnset(invocation: Invocation): Promise<void> {
  const [path] = invocation.args;
  if (path === undefined) throw new LoricaError("invalid_request", "name the key to unset");
  await change(invocation, (owner) => owner.call("config.set", { edits: [{ path, unset: true }] }));
}

export async function change(
  invocation: Invocation,
  call: (owner: OwnerClient) => Promise<ConfigChange>,
  unchanged = "nothing changed: it was so already",
): Promise<void> {
  const { io } = invocation;
  const { result, running } = await withOwner(invocation, async (owner) => ({
    result: await call(owner),
    running: owner.running,
  }));
  io.result(result, () => {
    for (const name of result.secretsKept) io.line(`stored as the secret ${name}; the file has its name only`);
    if (result.changed.length + result.secretsKept.length === 0) return io.line(unchanged);
    for (const { path, reload } of result.changed) {
      const when = reload === "hot" ? "at once" : `after ${commandLine(invocation, "gateway restart")}`;
      io.line(running ? `${path}: takes effect ${when}` : `${path}: written`);
    }
  });
  for (const notice of result.notices) io.note(io.style("yellow", `note: ${notice}`));
}

export async function configValidate(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const view = await withOwner(invocation, (owner) => owner.call("config.get", {}));
  if (!view.valid) throw invalid(invocation, view.path, view.issues);
  const { path, exists, hash, notices } = view;
  io.result({ valid: true, path, exists, hash, notices: [...notices] }, () => {
    io.line(exists ? `${path} is valid` : `${path} does not exist, and the defaults hold`);
    for (const notice of notices) io.line(io.style("yellow", `note: ${notice}`));
  });
}

function invalid(invocation: Invocation, path: string, issues: readonly string[]): LoricaError {
  const back = commandLine(invocation, "config rollback");
  return new LoricaError(
    "config_invalid",
    `${path} is not valid:\n${issues.map((issue) => `  ${issue}`).join("\n")}\nCorrect it, or go back to the last good one: ${back}`,
    { details: { issues } },
  );
}

export async function configSchema({ io }: Invocation): Promise<void> {
  io.line(JSON.stringify(await configJsonSchema(), null, 2));
}

export async function configPath({ io, paths }: Invocation): Promise<void> {
  io.result({ path: paths.configPath }, () => io.line(paths.configPath));
}

export async function configHistory(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const limit = options.whole("limit", { min: 1, max: limits.configHistoryMax }) ?? 20;
  const { revisions } = await withOwner(invocation, (owner) =>
    owner.call("config.history", { limit: limits.configHistoryMax }),
  );
  const shown = revisions.filter((entry) => entry.suspicious || !options.flag("suspicious")).slice(0, limit);
  io.result(shown, () => {
    if (shown.length === 0) return io.line("no changes are recorded");
    const rows = [["when (UTC)", "copy", "by", "", "changed (! widens what may be done)"], ...shown.map(cells)];
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
  });
}

function cells(revision: ConfigRevision): string[] {
  const at = new Date(revision.at).toISOString().slice(0, 19).replace("T", " ");
  const flags = (revision.flags ?? []).map((flag) => `[${flag}]`);
  const changed = [revision.changedPaths.join(", "), ...flags].join(" ").trim();
  return [at, revision.backup ?? "-", revision.actor, revision.suspicious ? "!" : "", changed];
}

/** Reads the files itself: comparing changes nothing, and works best when nothing else does. */
export async function configDiff({ io, args, context, paths }: Invocation): Promise<void> {
  const file = createConfigFile({ paths, env: context.env, clock: systemClock });
  const [version = "last-good"] = args;
  const changes = await file.compare(version);
  const text = await renderChanges(changes);
  io.result(changes, () => io.line(changes.length === 0 ? `nothing differs from ${version}` : text));
}

export async function configRollback(invocation: Invocation): Promise<void> {
  const [to] = invocation.args;
  await change(
    invocation,
    (owner) => owner.call("config.rollback", to === undefined ? {} : { to }),
    "the earlier config is back; to what runs it makes no difference",
  );
}
