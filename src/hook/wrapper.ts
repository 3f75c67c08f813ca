// A hook that wraps each command into bubblewrap, as published kits do. No command can start a sandbox inside a cell, which
// is how the cell keeps its walls. But the cell is already what such a wrapper asks for: where the wrapper adds nothing to
// it and the command inside is the one that was asked about, the command runs as it is, and the wrapper holds.
import { isWithin } from "../sandbox/sandbox.ts";

export type Wrapped =
  /** No wrapper. */
  | { readonly kind: "other" }
  /** Nothing but the original command, under walls that the cell has too. `network` is what the wrapper leaves it. */
  | { readonly kind: "same"; readonly network: "kept" | "none" }
  /** Wants something that a cell cannot be made to do for one command. */
  | { readonly kind: "impossible"; readonly reason: string };

export type Surroundings = { readonly workspace: string; readonly access: "rw" | "ro" | "none" };

const bwrapWord = /(?:^|[\s"'/`$(=;|&])(?:bwrap|bubblewrap)(?=$|[\s"'`;|&)])/;

export function unwrap(original: string, rewritten: string, surroundings: Surroundings): Wrapped {
  if (!bwrapWord.test(rewritten)) return { kind: "other" };
  const words = parseWords(rewritten);
  if (words === undefined) return impossible("its wrapper is more than one plain command");
  const at = words[0] === "exec" ? 1 : 0;
  if (!/^(?:\/usr\/bin\/|\/bin\/|\/usr\/local\/bin\/)?bwrap$/.test(words[at] ?? ""))
    return impossible("bubblewrap is not what it starts");
  const read = readOptions(words.slice(at + 1), surroundings.workspace);
  if (typeof read === "string") return impossible(read);
  if (!isOriginal(read.argv, original)) return impossible("what it runs inside cannot be told to be the command");
  if (read.narrowed !== undefined) return impossible(`it hides or closes ${read.narrowed}, which is in the workspace`);
  if (read.workspace === "hidden" && surroundings.access !== "none") return impossible("it hides the workspace");
  if (read.workspace === "ro" && surroundings.access === "rw") return impossible("it closes the workspace for writing");
  return { kind: "same", network: read.network };
}

function impossible(what: string): Wrapped {
  return {
    kind: "impossible",
    reason: `it wraps the command into bubblewrap, which cannot start in a cell, and ${what}`,
  };
}

type Options = {
  readonly argv: readonly string[];
  readonly network: "kept" | "none";
  readonly workspace: "rw" | "ro" | "hidden";
  /** A path in the workspace that is covered by something. */
  readonly narrowed: string | undefined;
};

const plain =
  "unshare-all share-net unshare-user unshare-user-try unshare-ipc unshare-pid unshare-net unshare-uts unshare-cgroup unshare-cgroup-try new-session die-with-parent as-pid-1 clearenv disable-userns";
const withOne = "uid gid hostname chdir unsetenv lock-file remount-ro proc dev tmpfs mqueue dir cap-drop perms size";
const withTwo = "bind bind-try dev-bind dev-bind-try ro-bind ro-bind-try setenv symlink chmod";
const argumentsOf = new Map<string, number>(
  [plain, withOne, withTwo].flatMap((names, count) => names.split(" ").map((name) => [`--${name}`, count] as const)),
);
const binds = new Set(["--bind", "--bind-try", "--dev-bind", "--dev-bind-try"]);
const closedBinds = new Set(["--ro-bind", "--ro-bind-try"]);
const covers = new Set(["--tmpfs", "--dir", "--proc", "--dev", "--mqueue", "--remount-ro"]);

/** Later mounts lie over earlier ones, so the last word on the workspace is the one that counts. */
function readOptions(words: readonly string[], home: string): Options | string {
  let [unshared, shared] = [false, false];
  let workspace: Options["workspace"] = "hidden";
  let narrowed: string | undefined;
  let at = 0;
  const mount = (target: string, becomes: Options["workspace"]): void => {
    if (isWithin(home, plainPath(target))) {
      workspace = becomes;
      narrowed = undefined;
    } else if (isWithin(plainPath(target), home) && becomes !== "rw") narrowed = target;
  };
  while (words[at]?.startsWith("--") === true && words[at] !== "--") {
    const option = words[at] ?? "";
    const count = argumentsOf.get(option);
    if (count === undefined) return `has an option that nothing is known of: ${option}`;
    const [one = "", two = ""] = words.slice(at + 1, at + 1 + count);
    if (binds.has(option) || closedBinds.has(option)) {
      if (isWithin(home, plainPath(two)) && plainPath(one) !== plainPath(two)) return "moves the workspace";
      mount(two, binds.has(option) ? "rw" : "ro");
    } else if (option === "--symlink") mount(two, "hidden");
    else if (covers.has(option)) mount(one, option === "--remount-ro" ? "ro" : "hidden");
    else if (option === "--chdir" && plainPath(one) !== home) return `starts in ${one}`;
    else if (option === "--unshare-net" || option === "--unshare-all") unshared = true;
    else if (option === "--share-net") shared = true;
    at += 1 + count;
  }
  const argv = words.slice(words[at] === "--" ? at + 1 : at);
  return { argv, network: unshared && !shared ? "none" : "kept", workspace, narrowed };
}

const decoders = new Set([
  "echo",
  "-n",
  "printf",
  "%s",
  "base64",
  "-d",
  "--decode",
  "eval",
  "exec",
  "bash",
  "sh",
  "/bin/bash",
  "-c",
  "-",
]);

/** `bash -c <the command>`, whole or as base64 with nothing around it but what decodes and runs it. */
function isOriginal(argv: readonly string[], original: string): boolean {
  const [shell = "", flag = "", script, ...rest] = argv;
  if (!/^(?:\/usr\/bin\/|\/bin\/)?(?:ba)?sh$/.test(shell) || !/^-l?c$/.test(flag) || script === undefined) return false;
  if (rest.length > 0) return false;
  if (script === original) return true;
  const encoded = Buffer.from(original).toString("base64");
  if (script.split(encoded).length !== 2) return false;
  const around = script
    .replace(encoded, " ")
    .replaceAll(/["'$()|<;]|\\n/g, " ")
    .trim()
    .split(/\s+/);
  return around.every((word) => decoders.has(word));
}

/** Words of one simple command; undefined where the shell would do more than split it. */
function parseWords(command: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < command.length; at += 1) {
    const character = command[at] ?? "";
    if (/\s/.test(character) && character !== "\n") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'" || character === '"') {
      const end = closingQuote(command, at);
      if (end < 0) return undefined;
      const inside = command.slice(at + 1, end);
      word = (word ?? "") + (character === "'" ? inside : inside.replaceAll(/\\(["\\$`])/g, "$1"));
      at = end;
    } else if (character === "\\") {
      if (command[at + 1] === "\n") word ??= undefined;
      else word = (word ?? "") + (command[at + 1] ?? "");
      at += 1;
    } else if ("\n;|&<>()`$*?[#{}!".includes(character)) return undefined;
    else word = (word ?? "") + character;
  }
  return word === undefined ? words : [...words, word];
}

function closingQuote(command: string, at: number): number {
  const quote = command[at];
  for (let end = at + 1; end < command.length; end += 1) {
    if (quote === '"' && command[end] === "\\") end += 1;
    else if (command[end] === quote) return end;
  }
  return -1;
}

function plainPath(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
