// Questions on a terminal. Leaving one, with Ctrl-C or Escape, ends the command; what was answered before stays kept.
import { LoricaError } from "../../base/errors.ts";
import { commandLine } from "../reach.ts";
import type { Invocation } from "../context.ts";

export type Choice<T> = { readonly value: T; readonly label: string; readonly hint?: string };

export type Asker = {
  choose<T>(message: string, choices: readonly Choice<T>[]): Promise<T>;
  /** `problem` says what is wrong with an answer, or nothing. */
  text(message: string, options?: TextOptions): Promise<string>;
  /** Typed unseen. */
  secret(message: string, problem: (text: string) => string | undefined): Promise<string>;
  yes(message: string): Promise<boolean>;
  /** Several lines that are only read. */
  tell(title: string, lines: readonly string[]): void;
  say(line: string): void;
  warn(line: string): void;
  begin(title: string): void;
  end(line: string): void;
};

export type TextOptions = {
  readonly placeholder?: string;
  readonly problem?: (text: string) => string | undefined;
};

export async function createAsker(invocation: Invocation): Promise<Asker> {
  const clack = await import("@clack/prompts");
  const { context, signal } = invocation;
  const common = { input: context.stdin, output: context.stdout, signal };
  const answered = <T>(answer: T): Exclude<T, symbol> => {
    if (!clack.isCancel(answer)) return answer as Exclude<T, symbol>;
    const more = commandLine(invocation, "onboard");
    throw new LoricaError("cancelled", `left; what you answered is kept, and ${more} goes on from there`);
  };
  return {
    // The library's type asks for a label only where a value is no text, which it cannot know here.
    choose: async <T>(message: string, choices: readonly Choice<T>[]) =>
      answered(await clack.select<T>({ ...common, message, options: choices as never })) as T,
    text: async (message, { placeholder, problem } = {}) =>
      answered(
        await clack.text({
          ...common,
          message,
          ...(placeholder === undefined ? {} : { placeholder }),
          validate: (text) => problem?.(text?.trim() ?? ""),
        }),
      ).trim(),
    secret: async (message, problem) =>
      answered(
        await clack.password({ ...common, message, mask: "•", validate: (text) => problem(text?.trim() ?? "") }),
      ).trim(),
    yes: async (message) => answered(await clack.confirm({ ...common, message })),
    tell: (title, lines) => clack.note(lines.join("\n"), title, { output: context.stdout, format: (line) => line }),
    say: (line) => clack.log.success(line, { output: context.stdout }),
    warn: (line) => clack.log.warn(line, { output: context.stdout }),
    begin: (title) => clack.intro(title, { output: context.stdout }),
    end: (line) => clack.outro(line, { output: context.stdout }),
  };
}
