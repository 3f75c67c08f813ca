// `hooks list|check|trust|test`: the programs of settings.json that are asked about tool calls.
import { LoricaError } from "../../../base/errors.ts";
import { isRecord, parseJson } from "../../../base/json.ts";
import type { HookList, HookRow } from "../../../protocol/owner/hooks.ts";
import type { OwnerParamsOf } from "../../../protocol/owner-methods.ts";
import type { Invocation } from "../../context.ts";
import { readInput } from "../../input.ts";
import { commandLine, withOwner } from "../../reach.ts";
import { stripControls } from "../../../base/text/controls.ts";

export async function listHooks(invocation: Invocation): Promise<void> {
  const list = await withOwner(invocation, (owner) => owner.call("hooks.list", {}));
  invocation.io.result(list, () => show(invocation, list));
}

/** As `list`, and an exit status that a script can go by. */
export async function checkHooks(invocation: Invocation): Promise<void> {
  const list = await withOwner(invocation, (owner) => owner.call("hooks.list", {}));
  invocation.io.result(list, () => show(invocation, list));
  const refused = list.hooks.filter(({ problem }) => problem !== null);
  if (refused.length > 0)
    throw new LoricaError("conflict", `${refused.length} of ${list.hooks.length} hooks cannot be asked`);
}

export async function trustHooks(invocation: Invocation): Promise<void> {
  const list = await withOwner(invocation, (owner) => owner.call("hooks.trust", {}));
  invocation.io.result(list, () => show(invocation, list));
}

export async function testHooks(invocation: Invocation): Promise<void> {
  const { io, args, options, context } = invocation;
  const [tool = "", given = "{}"] = args;
  const json = parseJson(given === "-" ? await readInput(context, "-") : given);
  if (!json.ok || !isRecord(json.value))
    throw new LoricaError("invalid_request", `the input is a JSON object, as '{"command":"ls"}'`);
  const agent = options.text("agent");
  const params = { tool, input: json.value, ...(agent === undefined ? {} : { agent }) } as OwnerParamsOf<"hooks.test">;
  const result = await withOwner(invocation, (owner) => owner.call("hooks.test", params));
  io.result(result, () => {
    io.line(result.verdict === "allow" ? "no hook refuses it" : `refused: ${stripControls(result.reason ?? "")}`);
    if (result.input !== null) io.line(`changed to: ${stripControls(JSON.stringify(result.input))}`);
  });
}

function show(invocation: Invocation, { settingsPath, hooks, ignoredEvents }: HookList): void {
  const { io } = invocation;
  if (hooks.length === 0) io.line(`no hooks are registered in ${settingsPath}`);
  for (const hook of hooks) showHook(invocation, hook);
  if (ignoredEvents.length > 0)
    io.line(`never asked, because these events do not exist here: ${stripControls(ignoredEvents.join(", "))}`);
  if (hooks.some(({ problem }) => problem !== null))
    io.line(`To trust what is there now: ${commandLine(invocation, "hooks trust")}`);
}

function showHook({ io }: Invocation, { event, matcher, command, problem, folders }: HookRow): void {
  const state = problem === null ? io.style("green", "asked") : io.style("red", "refused");
  io.line(`${state}  ${event} ${stripControls(matcher === "" ? "*" : matcher)}: ${stripControls(command)}`);
  if (problem !== null) io.line(`  ${stripControls(problem)}`);
  for (const folder of folders) io.line(`  sees ${stripControls(folder)} and the workspace, and writes nothing`);
}
