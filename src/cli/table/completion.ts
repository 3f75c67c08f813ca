// Completion scripts for bash, zsh and fish. They hold the whole table as data, so that pressing tab starts no process.
import type { CommandSpec, OptionSpec } from "./commands.ts";
import type { LaterSpec } from "./later.ts";

export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

export type Grammar = {
  readonly commands: readonly CommandSpec[];
  readonly later: readonly LaterSpec[];
  readonly globalOptions: readonly OptionSpec[];
};

const programs = ["lorica", "openclaw"];

export function renderCompletion(shell: Shell, grammar: Grammar): string {
  if (shell === "fish") return renderFish(grammar);
  return shell === "bash" ? renderBash(grammar) : renderZsh(grammar);
}

/** Path → the words that may follow it: subcommands, then flags. The empty path is the program itself. */
export function wordsByPath({ commands, later, globalOptions }: Grammar): ReadonlyMap<string, readonly string[]> {
  const paths = [...commands, ...later].map((spec) => spec.path);
  const words = new Map<string, readonly string[]>();
  words.set("", [...childrenOf("", paths), ...longFlags(globalOptions), "--help", "--version"]);
  for (const spec of commands)
    words.set(spec.path, [
      ...childrenOf(spec.path, paths),
      ...longFlags([...(spec.options ?? []), ...globalOptions]),
      "--help",
    ]);
  return words;
}

function childrenOf(parent: string, paths: readonly string[]): string[] {
  const prefix = parent === "" ? "" : `${parent} `;
  return paths
    .filter((path) => path.startsWith(prefix) && path.length > prefix.length)
    .map((path) => path.slice(prefix.length))
    .filter((rest) => !rest.includes(" "))
    .toSorted();
}

function longFlags(options: readonly OptionSpec[]): string[] {
  return options
    .filter((option) => option.hidden !== true)
    .flatMap((option) => /--[a-z-]+/i.exec(option.flags) ?? [])
    .toSorted();
}

function renderBash(grammar: Grammar): string {
  const cases = [...wordsByPath(grammar)].map(([path, words]) => `    "${path}") words="${words.join(" ")}" ;;`);
  return `# bash completion for ${programs.join(" and ")}
_lorica() {
  local current=\${COMP_WORDS[COMP_CWORD]} path="" word words="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    [[ $word == -* ]] && continue
    if [[ -n $(_lorica_words "\${path:+$path }$word") ]]; then path="\${path:+$path }$word"; fi
  done
  words=$(_lorica_words "$path")
  if [[ -n $current && -z $(compgen -W "$words" -- "$current") ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
_lorica_words() {
  local words=""
  case $1 in
${cases.join("\n")}
  esac
  printf '%s' "$words"
}
complete -o filenames -o bashdefault -F _lorica ${programs.join(" ")}
`;
}

function renderZsh(grammar: Grammar): string {
  const cases = [...wordsByPath(grammar)].map(([path, words]) => `    "${path}") reply=(${words.join(" ")}) ;;`);
  return `#compdef ${programs.join(" ")}
# zsh completion for ${programs.join(" and ")}
_lorica_words() {
  reply=()
  case $1 in
${cases.join("\n")}
  esac
}
_lorica() {
  local trail="" word
  local -a reply
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] && continue
    _lorica_words "\${trail:+$trail }$word"
    (( \${#reply} )) && trail="\${trail:+$trail }$word"
  done
  _lorica_words "$trail"
  compadd -a reply || _files
}
compdef _lorica ${programs.join(" ")}
`;
}

function renderFish({ commands, later, globalOptions }: Grammar): string {
  const lines = programs.flatMap((program) => [
    ...[...commands, ...later].map((spec) => fishCommand(program, spec)),
    ...globalOptions.flatMap((option) => fishOption(program, "", option)),
    ...commands.flatMap((spec) => (spec.options ?? []).flatMap((option) => fishOption(program, spec.path, option))),
  ]);
  return `# fish completion for ${programs.join(" and ")}\n${lines.join("\n")}\n`;
}

function fishCommand(program: string, spec: CommandSpec | LaterSpec): string {
  const words = spec.path.split(" ");
  const name = words.pop() ?? "";
  const summary = "summary" in spec ? spec.summary : `${spec.what} (not built yet)`;
  const when = words.length === 0 ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${words.join(" ")}`;
  return `complete -c ${program} -n ${fishQuote(when)} -a ${name} -d ${fishQuote(summary)}`;
}

function fishOption(program: string, path: string, option: OptionSpec): string[] {
  const long = /--([a-z-]+)/i.exec(option.flags)?.[1];
  if (long === undefined || option.hidden === true) return [];
  const last = path.split(" ").at(-1) ?? "";
  const when = path === "" ? "" : ` -n ${fishQuote(`__fish_seen_subcommand_from ${last}`)}`;
  const value = option.flags.includes("<") ? " -r" : "";
  return [`complete -c ${program}${when} -l ${long}${value} -d ${fishQuote(option.summary)}`];
}

function fishQuote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
