// What is wrong with a config, and what a person should know about one that is right. Both say where.
import { limits } from "../../base/limits.ts";

/** Line and column count from 1. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };

/** A reason to refuse. `path` is the key as the file spells it. */
export type Issue = { readonly path: string; readonly message: string; readonly place?: Place | undefined };

/** Something that was understood, but should be changed or known. */
export type Notice = { readonly path: string; readonly message: string; readonly place?: Place | undefined };

/** Collects both while a config is read; bounded, because a hostile file must not fill memory with complaints. */
export type Findings = {
  readonly issues: Issue[];
  readonly notices: Notice[];
  refuse(path: string, message: string, place?: Place): void;
  note(path: string, message: string, place?: Place): void;
};

export function createFindings(): Findings {
  const issues: Issue[] = [];
  const notices: Notice[] = [];
  return {
    issues,
    notices,
    refuse(path, message, place) {
      if (issues.length < limits.configIssuesMax) issues.push({ path, message, place });
    },
    note(path, message, place) {
      if (notices.length < limits.configIssuesMax) notices.push({ path, message, place });
    },
  };
}

/** `file:line:column: key: message`, one line each. */
export function renderIssues(issues: readonly Issue[]): string {
  return issues
    .map(({ path, message, place }) => {
      const where = place === undefined ? "" : `${place.file}:${place.line}:${place.column}: `;
      return `${where}${path === "" ? "" : `${path}: `}${message}`;
    })
    .join("\n");
}

export type Path = readonly (string | number)[];

/** `agents.list[0].id`; a name that is not a plain word is put in quotes. */
export function renderPath(path: Path): string {
  return path.reduce<string>(stepBelow, "");
}

/** The path of what is directly below another. */
export function stepBelow(path: string, step: string | number): string {
  if (typeof step === "number") return `${path}[${step}]`;
  if (!/^[A-Za-z_$][\w$-]*$/.test(step)) return `${path}[${JSON.stringify(step)}]`;
  return path === "" ? step : `${path}.${step}`;
}
