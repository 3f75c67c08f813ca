// The files of an agent's workspace that go into its prompt: which ones for whom (AG-004, AG-006), how much of each
// (AG-005), and where each came from.
import type { Principal } from "../../base/principal.ts";
import { firstConversation, instructionFiles, memoryFiles } from "../../protocol/known/instruction-files.ts";
import type { WorkspaceFile } from "../../sandbox/sandbox.ts";
import type { Session } from "../../store/store.ts";
import { truncateMiddle } from "../truncate.ts";

/** In the order in which they appear: the same files give the same prompt. Whatever is in a prompt is watched, or a note. */
const standingFiles = [...instructionFiles.filter((name) => name !== firstConversation), ...memoryFiles];

/** An agent that forgets to delete the file of its first conversation is not told of it for ever. */
const firstRunTurns = 8;

const subordinateFiles = ["AGENTS.md", "TOOLS.md"];
/** What is about the owner is not for other people's turns. */
const sharedFiles = ["AGENTS.md", "TOOLS.md", "IDENTITY.md"];
const idChars = 8;
const leastUsefulChars = 200;

/** A session that the agent or a timer started, not a person. */
export function isSubordinate(sessionKey: string): boolean {
  return /^agent:[^:]+:(?:.*:)?(?:subagent|cron):/.test(sessionKey);
}

/** The names that this turn may have in its prompt (AG-004, AG-006, PAIR-019). */
export function filesFor(session: Pick<Session, "key" | "turnCount">, principal: Principal): readonly string[] {
  if (isSubordinate(session.key)) return subordinateFiles;
  if (principal.kind !== "owner" && principal.kind !== "system") return sharedFiles;
  return session.turnCount <= firstRunTurns ? [...standingFiles, firstConversation] : standingFiles;
}

export function renderWorkspaceFiles(
  files: readonly WorkspaceFile[],
  caps: { readonly fileMaxChars: number; readonly totalMaxChars: number },
): string {
  const seen = new Set<string>();
  const blocks: string[] = [];
  let left = caps.totalMaxChars;
  for (const file of ordered(files)) {
    // On a disk that ignores case MEMORY.md and memory.md are one file; elsewhere two with the same text are one too.
    if (seen.has(file.sha256) || isBlank(file.text)) continue;
    seen.add(file.sha256);
    const room = Math.min(caps.fileMaxChars, left);
    if (room < Math.min(leastUsefulChars, file.text.length)) continue;
    const text = truncateMiddle(file.text.trim(), room);
    left -= text.length;
    blocks.push(renderWorkspaceFile(file, text));
  }
  return blocks.join("\n\n");
}

/** Its id is made from its content, so no file can hold the line that ends it. */
function renderWorkspaceFile(file: WorkspaceFile, text: string): string {
  const id = file.sha256.slice(0, idChars);
  return `[#${id} ${file.name} from the workspace]\n${text}\n[#${id} end]`;
}

/** Nothing but headings, comments and unfilled `Name:` lines, as the templates are before anybody wrote in them. */
function isBlank(text: string): boolean {
  return text
    .replace(/<!--[^]*?-->/g, "")
    .split("\n")
    .every((line) => /^\s*(?:#.*|[-*]?\s*[\w ()]{1,40}:)?\s*$/.test(line));
}

function ordered(files: readonly WorkspaceFile[]): readonly WorkspaceFile[] {
  return [...standingFiles, firstConversation].flatMap((name) => files.filter((file) => file.name === name));
}
