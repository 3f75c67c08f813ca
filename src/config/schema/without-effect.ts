// catalogue
// Keys that guides print, that parse, and that nothing reads yet. Whoever sets one is told so: a bound that is written
// down and does not hold is worse than none.
import type { Json } from "../../base/json.ts";
import type { Findings, Path } from "../read/issue.ts";
import { renderPath } from "../read/issue.ts";
import { partAt, toJson } from "../read/tree.ts";
import type { Tree } from "../read/tree.ts";

type Row = readonly [path: string, holds: readonly Json[], meanwhile: string];

const contexts = "the context is pruned by its own rules";
const pauses = "a message is taken up at once";

const anywhere: readonly Row[] = [
  ["logging.redactSensitive", ["tools"], "credentials are taken out as with `tools`, whatever it says"],
  ["logging.audit.messages", ["off"], "the text of messages is not recorded"],
  ["tools.exec.pathPrepend", [[]], "the PATH inside a cell is fixed"],
  ["tools.exec.notifyOnExit", [true], "the agent asks after its background processes"],
  ["tools.exec.notifyOnExitEmptySuccess", [false], "the agent asks after its background processes"],
  ["tools.exec.backgroundMs", [120_000], "a command stays where it was started"],
  ["tools.exec.timeoutSeconds", [1_800], "a command names its own limit, within the turn's"],
  ["tools.exec.cleanupMs", [1_800_000], "a finished process can be asked after for as long as its cell lives"],
  ["tools.loopDetection.enabled", [true], "a turn that repeats itself is always ended"],
  ["session.resetTriggers", [["/new", "/reset"]], "/new and /reset start a session afresh"],
  ["messages.queue.debounceMs", [0], pauses],
  ["messages.queue.debounceMsByChannel", [{}], pauses],
  ["messages.inbound.debounceMs", [0], pauses],
  ["messages.inbound.byChannel", [{}], pauses],
  ["auth.profiles", [{}], "a provider has one key, named after it"],
  ["auth.order", [{}], "a provider has one key, named after it"],
];

/** Below `agents.defaults` and each of `agents.list`. */
const ofAgents: readonly Row[] = [
  ["contextPruning.ttl", ["5m"], contexts],
  ["contextPruning.keepLastAssistants", [3], contexts],
  ["contextPruning.hardClear", [], contexts],
  ["contextPruning.tools", [], contexts],
  ["imageMaxDimensionPx", [1_200], "pictures go to the model as they are"],
  ["mediaMaxMb", [18], "attachments keep their built-in bound"],
  ["userTimezone", [], "times are told in UTC"],
  ["compaction.mode", ["safeguard"], "names, paths, decisions and open tasks are always kept"],
  ["compaction.notifyUser", [false], "nobody is told of a compaction"],
  ["verboseDefault", ["off"], "chats are shown answers only"],
  ["reasoningDefault", ["off"], "chats are shown answers only"],
  ["skills", [], "skills are not built yet"],
];

/** Each with the values that hold whatever is written, the default first. */
export const withoutEffect: readonly Row[] = [
  ...anywhere,
  ...ofAgents.map(([path, ...rest]): Row => [`agents.defaults.${path}`, ...rest]),
];

export function noteWithoutEffect(tree: Tree, findings: Findings): void {
  const list = partAt(tree, ["agents", "list"]);
  const agents: readonly Path[] = [
    ["agents", "defaults"],
    ...(list?.kind === "array" ? list.items.map((_, at) => ["agents", "list", at]) : []),
  ];
  for (const row of anywhere) note([], row);
  for (const agent of agents) for (const row of ofAgents) note(agent, row);

  function note(base: Path, [path, holds, meanwhile]: Row): void {
    const whole = [...base, ...path.split(".")];
    const written = partAt(tree, whole);
    if (written === undefined) return;
    const value = JSON.stringify(toJson(written));
    if (holds.some((held) => JSON.stringify(held) === value)) return;
    findings.note(renderPath(whole), `is understood and has no effect yet: ${meanwhile}`, written.place);
  }
}
