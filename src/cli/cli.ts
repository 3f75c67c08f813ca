// The command line: one commander program made from the tables, global flags taken wherever they stand, and the one
// place where what a command throws becomes a message and an exit status.
import { Command, CommanderError, Option } from "commander";
import type { Argument } from "commander";
import { LoricaError } from "../base/errors.ts";
import { commands, globalOptions } from "./table/commands.ts";
import type { CommandSpec, OptionSpec } from "./table/commands.ts";
import type { CliContext } from "./context.ts";
import { createIo } from "./io.ts";
import { later, laterMessage } from "./table/later.ts";
import type { LaterSpec } from "./table/later.ts";
import { createOptions } from "./options.ts";
import { report } from "./report.ts";
import { wrap } from "./text.ts";

export type { AskPassphrase, BrokerOptions, CliContext, Owner } from "./context.ts";

/** Runs one command line and returns its exit status. Never throws. */
export async function runCli(context: CliContext): Promise<number> {
  // Where the arguments are not understood no option was collected, and --json still has to hold for the error.
  const jsonAsked = context.argv.slice(0, indexOfEnd(context.argv)).includes("--json");
  const outcome = { exit: 0, json: jsonAsked, verbose: false };
  try {
    await createProgram(context, outcome).parseAsync([...context.argv], { from: "user" });
    return outcome.exit;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return report(error, { ...outcome, stderr: context.stderr, program: context.program });
  }
}

export type Outcome = { exit: number; json: boolean; verbose: boolean };

export function createProgram(context: CliContext, outcome: Outcome): Command {
  const program = new Command("lorica");
  program
    .description("A self-hosted AI assistant whose safety does not depend on the model behaving.")
    .version(`lorica ${context.version}`, "-V, --version", "print the version")
    .addOption(new Option("-v").hideHelp())
    .addOption(new Option("--update", "updating comes later; until then: git pull").hideHelp())
    .usage("[options] <command>")
    .action((_, command: Command) => runBare(context, command));
  addOptions(program, globalOptions);
  configure(program, context);
  for (const spec of commands) addCommand(program, spec, { context, outcome });
  for (const spec of later) addLater(program, spec, context);
  program.addHelpText("after", programHelp(context));
  return program;
}

/** No command was named. */
function runBare(context: CliContext, program: Command): void {
  if (program.getOptionValue("v") === true) {
    context.stdout.write(`lorica ${context.version}\n`);
    return;
  }
  if (program.getOptionValue("update") === true)
    throw new LoricaError("not_built", "updating by command is not built yet. Until then: git pull, then `up`");
  refuseExtra(program, context.program);
  program.outputHelp();
}

/** What stands where a subcommand could is most likely one that is misspelt. Other arguments may be secrets: not shown. */
function refuseExtra(command: Command, program: string, noMore?: string): void {
  const taken = command.registeredArguments;
  const extra = taken.some(({ variadic }) => variadic) ? undefined : command.args[taken.length];
  if (extra === undefined) return;
  const called = calledAs(command, program);
  const known = command.commands.map((child) => child.name());
  const close = known.find((candidate) => candidate.startsWith(extra) || distance(candidate, extra) <= 2);
  const hint = close === undefined ? "" : ` Did you mean \`${called} ${close}\`?`;
  const message =
    known.length === 0
      ? `${noMore ?? `too many arguments: ${command.args.length}`}. \`${called} --help\` shows what it takes`
      : `there is no command \`${called} ${extra}\`.${hint} \`${called} --help\` lists them`;
  throw new LoricaError("invalid_request", message);
}

/** The words that a person types to get to a command. */
function calledAs(command: Command, program: string): string {
  return command.parent === null ? program : `${calledAs(command.parent, program)} ${command.name()}`;
}

/** Edit distance, for short words. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let at = 1; at <= left.length; at++) {
    const next = [at];
    for (let to = 1; to <= right.length; to++) {
      const replaced = (row[to - 1] ?? 0) + (left[at - 1] === right[to - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

type Wiring = { readonly context: CliContext; readonly outcome: Outcome };

function addCommand(program: Command, spec: CommandSpec, wiring: Wiring): void {
  const command = createCommand(program, spec.path, wiring.context);
  command.description(spec.summary);
  if (spec.takes !== undefined) command.arguments(spec.takes);
  addOptions(command, spec.options ?? []);
  addOptions(command, globalOptions);
  if (spec.examples !== undefined) command.addHelpText("after", examplesHelp(spec.examples, wiring.context.program));
  const { load } = spec;
  command.action(async () => {
    refuseExtra(command, wiring.context.program, spec.noMore);
    if (load === undefined) command.outputHelp();
    else await invoke(command, load, wiring);
  });
}

async function invoke(command: Command, load: NonNullable<CommandSpec["load"]>, wiring: Wiring): Promise<void> {
  const { context, outcome } = wiring;
  const values = collectOptions(command);
  const options = createOptions(values);
  outcome.json = options.flag("json");
  outcome.verbose = options.flag("verbose");
  const profile = options.text("profile") ?? (options.flag("dev") ? "dev" : undefined);
  const run = await load();
  await run({
    context,
    options,
    paths: context.pathsFor(profile),
    args: command.args,
    signal: context.signal,
    io: createIo({
      stdout: context.stdout,
      stderr: context.stderr,
      json: outcome.json,
      color: values["color"] !== false && coloured(context),
      onExit: (status) => void (outcome.exit = status),
    }),
  });
}

function coloured(context: CliContext): boolean {
  const { NO_COLOR: off, FORCE_COLOR: on, TERM: terminal } = context.env;
  if (off !== undefined && off !== "") return false;
  if (on !== undefined && on !== "" && on !== "0") return true;
  return context.stdout.isTTY === true && terminal !== "dumb";
}

/** A flag holds whether it stands before or after the command; the one nearer to the command wins. */
function collectOptions(command: Command): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (let at: Command | null = command; at !== null; at = at.parent) {
    for (const [name, value] of Object.entries(at.opts())) {
      if (at.getOptionValueSource(name) !== "default") values[name] ??= value;
    }
  }
  return values;
}

function addLater(program: Command, spec: LaterSpec, context: CliContext): void {
  const command = createCommand(program, spec.path, context);
  command
    .description(`${spec.what} (not built yet)`)
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument("[anything...]");
  command.action(() => {
    throw new LoricaError("not_built", laterMessage(spec, context.program), {
      details: { command: spec.path, step: spec.step },
    });
  });
}

/** The command at `path`; its parents exist, because the tables name them first. */
function createCommand(program: Command, path: string, context: CliContext): Command {
  const words = path.split(" ");
  const name = words.pop() ?? path;
  const parent = words.reduce((at, word) => at.commands.find((child) => child.name() === word) ?? at, program);
  const hidden = later.some((spec) => spec.path === path);
  const command = parent.command(name, { hidden });
  configure(command, context);
  return command;
}

function configure(command: Command, context: CliContext): void {
  command
    // Excess arguments are refused where the command is known, with what was probably meant.
    .allowExcessArguments()
    .exitOverride((error) => {
      throw readable(error, calledAs(command, context.program));
    })
    .enablePositionalOptions()
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({
      sortSubcommands: false,
      showGlobalOptions: false,
      helpWidth: context.stdout.columns ?? 100,
      // Every command has options; saying so on each line hides what differs.
      subcommandTerm: (child) => [child.name(), ...child.registeredArguments.map(argumentTerm)].join(" "),
    })
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      // What commander would print goes through report() with everything else.
      writeErr: () => undefined,
      outputError: () => undefined,
    });
}

function argumentTerm(argument: Argument): string {
  const shown = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${shown}>` : `[${shown}]`;
}

function addOptions(command: Command, specs: readonly OptionSpec[]): void {
  for (const spec of specs) {
    const option = new Option(spec.flags, spec.summary);
    if (spec.hidden === true) option.hideHelp();
    if (!command.options.some((known) => known.long === option.long)) command.addOption(option);
  }
}

function readable(error: CommanderError, called: string): Error {
  if (error.exitCode === 0) return error;
  const message = error.message
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .replace(/\.$/, "");
  return new LoricaError("invalid_request", `${message}. \`${called} --help\` shows what there is`, { cause: error });
}

function examplesHelp(examples: readonly string[], program: string): string {
  return `\nExamples:\n${examples.map((example) => `  ${program} ${example}`).join("\n")}\n`;
}

function programHelp({ program, stdout }: CliContext): string {
  const names = later.map((spec) => spec.path).filter((path) => !path.includes(" "));
  return [
    examplesHelp(["up", 'agent --message "list the files here and count them"', "status --all"], program),
    "Not built yet; each of them says which step of the plan brings it:",
    wrap(names, stdout.columns ?? 100, "  "),
    "",
  ].join("\n");
}

function indexOfEnd(argv: readonly string[]): number {
  const end = argv.indexOf("--");
  return end < 0 ? argv.length : end;
}
