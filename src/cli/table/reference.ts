// Prints docs/cli.md from the tables, so that it cannot say anything else than the program does.
import { codes } from "../../base/errors.ts";
import type { Code } from "../../base/errors.ts";
import { commands, globalOptions } from "./commands.ts";
import type { CommandSpec, OptionSpec } from "./commands.ts";
import { later } from "./later.ts";

/** What each code is to a person who sees only the exit status. */
const meanings: Readonly<Record<Code, string>> = {
  invalid_request: "the command line or a value on it is not right",
  unauthorized: "the credential is missing or wrong",
  forbidden: "this user may not do this",
  not_found: "what was named does not exist",
  conflict: "something else changed or holds it meanwhile",
  too_large: "what was given is longer than its bound",
  locked: "another process holds it",
  overloaded: "there is too much to do; try again",
  cancelled: "Ctrl-C, or a question answered with no",
  internal: "our bug; the log has the particulars",
  not_built: "comes with a later step of the plan; the message says which",
  upstream: "a model provider refused or failed; try again or look at its message",
  unavailable: "no gateway is running, or it does not answer",
  timeout: "it took longer than it may",
  config_invalid: "the config is not valid; the message names file, line and key",
};

const variables: readonly (readonly [name: string, what: string])[] = [
  ["OPENCLAW_PROFILE", "as `--profile`, which goes before it"],
  ["OPENCLAW_STATE_DIR", "the state directory instead of `~/.openclaw`; an absolute path"],
  ["OPENCLAW_CONFIG_PATH", "the config file; an absolute path"],
  ["OPENCLAW_HOME", "the folder that `.openclaw` is made in; an absolute path"],
  ["OPENCLAW_ALLOW_ROOT", "`1` lets the program itself run as root; commands and file tools stay off then"],
  ["CUSTOM_API_KEY", "the key that `onboard` stores; `ANTHROPIC_API_KEY` and its like for known providers"],
  ["NO_COLOR", "no colour; `FORCE_COLOR` forces it"],
];

export function renderReference(): string {
  return [
    "<!-- Printed by tools/print-cli.ts from src/cli/table. Do not edit. -->",
    "# Commands",
    "",
    "`lorica` and `openclaw` are the same program; in a checkout it is `./lorica`. Results go to stdout, everything else",
    "to stderr. Every command takes:",
    "",
    ...optionLines(globalOptions),
    "",
    ...commands.flatMap(commandLines),
    "## Exit status",
    "",
    "| status | code in `--json` errors | meaning |",
    "|---|---|---|",
    "| 0 | | it worked |",
    ...exitRows(),
    "",
    'With `--json` an error is one line on stderr: `{ "error": { code, message, retryable, exit, details? } }`.',
    "",
    "## Variables",
    "",
    "| variable | what it does |",
    "|---|---|",
    ...variables.map(([name, what]) => `| \`${name}\` | ${what} |`),
    "",
    "Started by root, `./lorica` goes on as the system user with only these, the gateway's and providers' own variables,",
    "`TERM`, `LANG`, `LC_*`, `TZ` and `CI`.",
    "",
    "## Not built yet",
    "",
    "These exist, say which step of the plan brings them, and exit with 3.",
    "",
    "| command | what | step |",
    "|---|---|---|",
    ...later.map((spec) => `| \`${spec.path}\` | ${spec.what} | ${spec.step} |`),
    "",
  ].join("\n");
}

function commandLines(spec: CommandSpec): string[] {
  const options = optionLines(spec.options ?? []);
  return [
    `## \`${[spec.path, spec.takes].filter((part) => part !== undefined).join(" ")}\``,
    "",
    `${spec.summary[0]?.toUpperCase()}${spec.summary.slice(1)}.`,
    "",
    ...options,
    ...(options.length === 0 ? [] : [""]),
    ...(spec.examples === undefined
      ? []
      : ["```sh", ...spec.examples.map((example) => `lorica ${example}`), "```", ""]),
  ];
}

function optionLines(options: readonly OptionSpec[]): string[] {
  return options.filter((option) => option.hidden !== true).map((option) => `- \`${option.flags}\`: ${option.summary}`);
}

function exitRows(): string[] {
  const names = Object.keys(meanings) as Code[];
  return names
    .toSorted((left, right) => codes[left].exit - codes[right].exit)
    .map((name) => `| ${codes[name].exit} | \`${name}\` | ${meanings[name]} |`);
}
