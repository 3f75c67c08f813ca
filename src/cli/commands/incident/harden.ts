// `harden`: every wall that is off or weakened, why that matters, and what takes it back. It changes nothing without
// `--apply`, and then only through the one way into the config.
import { parseAcknowledgement } from "../../../protocol/known/acknowledgement.ts";
import { codes } from "../../../base/errors.ts";
import type { PartStatus } from "../../../protocol/owner/kit.ts";
import { isRecord } from "../../../base/json.ts";
import { stripControls } from "../../../base/text/controls.ts";
import type { Invocation } from "../../context.ts";
import { commandLine, withOwner } from "../../reach.ts";
import { change } from "../config.ts";

/** A key that was set to less than its default; without it the default holds. */
export type Weakness = { readonly path: string; readonly value: string; readonly why: string };

type Rule = {
  readonly path: string;
  readonly weak: readonly unknown[];
  readonly why: string;
};

const rules: readonly Rule[] = [
  {
    path: "gateway.bind",
    weak: ["lan", "custom"],
    why: "other machines reach the gateway; without it they no longer do, and Tailscale or a tunnel takes its place",
  },
  { path: "gateway.tailscale.mode", weak: ["funnel"], why: "the whole internet reaches the gateway's door" },
  { path: "gateway.auth.mode", weak: ["none"], why: "every program and user of this machine may connect" },
  { path: "dlp.enabled", weak: [false], why: "only values of the vault are looked for in what leaves" },
  { path: "logging.redactSensitive", weak: ["off"], why: "credentials are written to the log" },
  { path: "session.jsonlMirror", weak: [true], why: "what the database seals also lies there in plain text" },
  { path: "channels.defaults.groupPolicy", weak: ["open"], why: "any group may use the assistant" },
];

const ofAgents: readonly Rule[] = [
  { path: "sandbox.mode", weak: ["off", "non-main"], why: "the filter of system calls may be lowered" },
  {
    path: "egress.profile",
    weak: ["packages", "web-read"],
    why: "commands reach hosts that anybody can put something on",
  },
];

export async function harden(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const [view, parts] = await withOwner(invocation, async (owner) => [
    await owner.call("config.get", {}),
    owner.running ? (await owner.call("owner.status", {})).parts : undefined,
  ]);
  const found = findWeak(view.value);
  const kept = new Set(options.text("keep")?.split(",") ?? []);
  const weak = found.filter(({ path }) => !kept.has(path));
  const left = acknowledgedLeft(view.value, weak);
  if (options.flag("apply") && weak.length > 0) {
    const edits = [...weak.map(({ path }) => ({ path, unset: true as const })), ...left];
    const base = view.hash === null ? {} : { baseHash: view.hash };
    return change(invocation, (owner) => owner.call("config.set", { edits, ...base }));
  }
  const down = parts?.filter(({ state }) => state !== "on");
  io.result({ weak: [...weak], walls: (down ?? []).map(toJson), asked: parts !== undefined }, () => {
    for (const { path, value, why } of weak) io.line(`${path} is ${stripControls(value)}: ${why}`);
    if (weak.length > 0)
      io.line(
        `${commandLine(invocation, "harden --apply")} takes ${weak.length === 1 ? "it" : "these"} back; --keep KEY,KEY leaves some as they are.`,
      );
    for (const { name, state, detail, fix } of down ?? [])
      io.line(
        `${name} is ${state}: ${stripControls(detail)}${fix === null ? "" : `. Yours to do: ${stripControls(fix)}`}`,
      );
    if (down === undefined)
      io.line("The gateway does not run, so what holds cannot be asked; start it with: lorica up");
    else if (weak.length + down.length === 0)
      io.line("Every wall stands as it does by default, and nothing is weakened.");
  });
  if (weak.length + (down?.length ?? 0) > 0) io.exitWith(1);
  // What could not be looked at must not pass for fine where a script looks at the status alone.
  else if (down === undefined) io.exitWith(codes.unavailable.exit);
}

export function findWeak(config: unknown): readonly Weakness[] {
  const list = at(config, ["agents", "list"]);
  const agents = ["agents.defaults", ...(Array.isArray(list) ? list.map((_, index) => `agents.list[${index}]`) : [])];
  const all = [
    ...rules,
    ...agents.flatMap((agent) => ofAgents.map((rule) => ({ ...rule, path: `${agent}.${rule.path}` }))),
  ];
  return all.flatMap(({ path, weak, why }) => {
    const value = at(config, path.split(/[.[\]]+/));
    return weak.includes(value) ? [{ path, value: String(value), why }] : [];
  });
}

/** What acknowledges a setting that is taken back goes with it: left behind it would let the next one pass unseen. */
function acknowledgedLeft(config: unknown, weak: readonly Weakness[]) {
  const lines = at(config, ["security", "acknowledged"]);
  if (!Array.isArray(lines)) return [];
  const gone = new Set(weak.map(({ path, value }) => `${path}=${value}`));
  const left = (lines as readonly string[]).filter((line) => !gone.has(parseAcknowledgement(line).setting));
  return left.length === lines.length ? [] : [{ path: "security.acknowledged", value: left }];
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (Array.isArray(found)) found = (found as readonly unknown[])[Number(name)];
    else found = isRecord(found) ? found[name] : undefined;
  }
  return found;
}

function toJson({ name, state, detail, fix }: PartStatus) {
  return { name, state, detail, fix };
}
