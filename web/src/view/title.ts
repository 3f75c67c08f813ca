// What a conversation is called where it is listed.
import type { SessionRow } from "../../../src/protocol/shapes.ts";
import { words } from "../english.ts";

export function titleOf(key: string, row: SessionRow | undefined): string {
  if (row?.label !== undefined && row.label !== "") return row.label;
  if (row?.isMain === true || /^agent:[^:]+:main$/.test(key)) return words.sessions.main;
  const [kind = "", ...rest] = key.split(":").slice(2);
  if (kind === "dashboard") return words.sessions.new;
  return [kind, ...rest].join(" ").slice(0, 60) || key;
}
