// The workspace files that tell an agent how to behave. They are the owner's: what runs in a cell reads them and writes
// none of them. An agent's memory (MEMORY.md, memory/) is its own to write and is not among them.

/** In the first folder of a workspace. A file of such a name further down is not read as an instruction. */
export const instructionFiles: readonly string[] = [
  "AGENTS.md",
  "SOUL.md",
  "TOOLS.md",
  "IDENTITY.md",
  "USER.md",
  "HEARTBEAT.md",
  "BOOTSTRAP.md",
];

/** In every prompt as well, and the agent's to write: what is in them is a note, never a rule. */
export const memoryFiles: readonly string[] = ["MEMORY.md", "memory.md"];

/** For a first acquaintance; the agent deletes it when that is over. */
export const firstConversation = "BOOTSTRAP.md";

/** What an agent fills in and clears away while its first conversation is not over. */
export const firstConversationFiles: ReadonlySet<string> = new Set(["IDENTITY.md", "USER.md", firstConversation]);

/**
 * Which of the files in a workspace nothing inside a cell may write, rename or remove. `speaker` is who can speak into
 * the session: only the owner's own first conversation may fill in who is who.
 */
export function lockedInstructionFiles(present: readonly string[], speaker: "owner" | "others"): readonly string[] {
  const isFirst = speaker === "owner" && present.includes(firstConversation);
  return instructionFiles.filter((name) => present.includes(name) && !(isFirst && firstConversationFiles.has(name)));
}
