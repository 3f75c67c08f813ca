// The boundary of the command line: whatever was thrown becomes a message on stderr and an exit status, here only.
import { codeOf, codes, errnoOf, LoricaError } from "../base/errors.ts";
import type { Code } from "../base/errors.ts";
import type { Json } from "../base/json.ts";
import { stripControls } from "../base/text/controls.ts";
import type { Output } from "./context.ts";
import { commands } from "./table/commands.ts";

export type ReportSettings = {
  readonly stderr: Output;
  readonly json: boolean;
  readonly verbose: boolean;
  /** What the person here types to run it; elsewhere it is not known. */
  readonly program: string;
};

/** Prints the error and returns the exit status that its code stands for. */
export function report(thrown: unknown, { stderr, json, verbose, program }: ReportSettings): number {
  const error = fromSystem(thrown);
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (json) stderr.write(`${JSON.stringify({ error: describe(error, code, message) })}\n`);
  else {
    const said = `${message === "" ? code : typable(message, program)}${reference(error)}`;
    // A gateway elsewhere says what it likes, and what it says must not draw on the terminal here.
    stderr.write(`lorica: ${stripControls(said)}\n`);
  }
  // Our own bug: the stack is what a report of it needs.
  if (!json && (verbose || !(error instanceof LoricaError)) && code === "internal" && error instanceof Error)
    stderr.write(`${error.stack ?? ""}\n`);
  return codes[code].exit;
}

const systemCodes: Readonly<Record<string, Code>> = {
  EACCES: "forbidden",
  EPERM: "forbidden",
  EROFS: "forbidden",
  ENOSPC: "unavailable",
  EDQUOT: "unavailable",
  EMFILE: "overloaded",
  ENFILE: "overloaded",
};

/** What the system refuses is not our bug, and its own words name the file; a stack would only bury them. */
function fromSystem(error: unknown): unknown {
  const code = systemCodes[errnoOf(error) ?? ""];
  if (code === undefined || error instanceof LoricaError || !(error instanceof Error)) return error;
  return new LoricaError(code, `the system refuses: ${error.message} (as user id ${process.getuid?.()})`, {
    cause: error,
  });
}

function describe(error: unknown, code: Code, message: string): Json {
  const details = error instanceof LoricaError ? error.details : undefined;
  return {
    code,
    message,
    retryable: codes[code].retryable,
    exit: codes[code].exit,
    ...(details === undefined ? {} : { details: details as Json }),
  };
}

const words = new Set(commands.map(({ path }) => path.split(" ")[0]));

const named = new RegExp(`(?<![\\w./-])lorica(?= (?:${[...words].join("|")})\\b)`, "g");

/** The command that a message names, as this person has to type it: from a checkout it is `./lorica`. */
function typable(message: string, program: string): string {
  return message.replace(named, () => program);
}

/** The id under which the gateway logged it, where the log says more than the message does. */
function reference(error: unknown): string {
  if (codes[codeOf(error)].http < 500) return "";
  const id = error instanceof LoricaError ? error.details?.["errorId"] : undefined;
  return typeof id === "string" && error instanceof Error && !error.message.includes(id) ? ` (logged as ${id})` : "";
}
