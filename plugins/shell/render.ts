// What a command did, as the model reads it: the output as it is, then one line in brackets with what became of it.
import type { ProcessReport, RunResult, StartedProcess } from "../../src/sandbox/sandbox.ts";
import { textOutput } from "../../src/tool/tool.ts";
import type { ToolOutput } from "../../src/tool/tool.ts";

export function renderRun(result: RunResult | StartedProcess): ToolOutput {
  if (result.kind === "started") return textOutput(`[started in the background: processId ${result.processId}]`);
  const isError = result.kind !== "exited" || result.exitCode !== 0;
  return { text: withNote(result.output, describeEnd(result)), images: [], isError };
}

export function renderReports(reports: readonly ProcessReport[]): ToolOutput {
  if (reports.length === 0) return textOutput("[no background processes]");
  return textOutput(reports.map((report) => withNote(report.output, describe(report))).join("\n"));
}

function describeEnd(result: RunResult): string {
  const seconds = `${(result.durationMs / 1_000).toFixed(1)} s`;
  switch (result.kind) {
    case "exited":
      return `exit ${result.exitCode}, ${seconds}`;
    case "timed_out":
      return `killed at its time limit after ${seconds}, with everything it started`;
    case "cancelled":
      return `cancelled after ${seconds}`;
    case "output_capped":
      return `killed: it printed too much; at least ${result.droppedBytes} bytes are not shown`;
  }
}

function describe(report: ProcessReport): string {
  const state = report.state === "running" ? "running" : `exit ${report.exitCode ?? "unknown"}`;
  const dropped = report.droppedBytes > 0 ? `, ${report.droppedBytes} older bytes dropped` : "";
  return `${report.processId} ${state}${dropped}: ${abbreviate(report.command)}`;
}

function abbreviate(command: string): string {
  const line = (command.split("\n", 1)[0] ?? "").slice(0, 100);
  return line === command ? line : `${line}…`;
}

function withNote(output: string, note: string): string {
  if (output === "") return `[${note}]`;
  return `${output}${output.endsWith("\n") ? "" : "\n"}[${note}]`;
}
