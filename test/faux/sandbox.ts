// A sandbox without a room: it redeems, remembers what it was asked to do, and answers what the test says.
import type { Action } from "../../src/base/action.ts";
import type { Redeem } from "../../src/base/grant.ts";
import type { RunResult, Sandbox, SandboxStatus } from "../../src/sandbox/sandbox.ts";

export type RecordingSandbox = Sandbox & { readonly actions: readonly Action[] };

export type SandboxAnswers = {
  readonly status?: SandboxStatus;
  /** The output of a command; a promise that never ends is a command that hangs. */
  readonly run?: (command: string, signal: AbortSignal) => string | Promise<string>;
  readonly read?: (path: string) => string | Promise<string>;
};

export function createRecordingSandbox(redeem: Redeem, answers: SandboxAnswers = {}): RecordingSandbox {
  const actions: Action[] = [];
  return {
    actions,
    status: () => answers.status ?? { kind: "verified", walls: [] },
    async run(grant, onOutput, signal) {
      const { action } = redeem(grant);
      actions.push(action);
      const output = (await answers.run?.(action.resource.command, signal)) ?? `ran ${action.resource.command}`;
      onOutput(output);
      return { kind: "exited", exitCode: 0, output, droppedBytes: 0, durationMs: 1 } satisfies RunResult;
    },
    async control(grant) {
      actions.push(redeem(grant).action);
      return [];
    },
    async read(grant) {
      const { action } = redeem(grant);
      actions.push(action);
      const path = "path" in action.resource ? action.resource.path : "";
      const text = (await answers.read?.(path)) ?? `text of ${path}`;
      return { kind: "text", text, totalLines: text.split("\n").length, truncated: false };
    },
    async write(grant) {
      const { action } = redeem(grant);
      actions.push(action);
      return { paths: [], summary: `did ${action.resource.operation}` };
    },
  };
}
