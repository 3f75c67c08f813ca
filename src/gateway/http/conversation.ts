// What a client sends is a whole conversation; what the agent gets is one message. A new session gets all that was said
// before in front of it, once; a session that was there already remembers, and gets only what is new.
import { limits } from "../../base/limits.ts";
import type { PendingMedia } from "../media.ts";
import { HttpProblem } from "./answer.ts";
import type { Said } from "./content.ts";

const roleNames: Readonly<Record<Said["role"], string>> = { user: "User", assistant: "Assistant", tool: "Tool" };

export function composeMessage(
  said: readonly Said[],
  session: "new" | "known",
): { readonly text: string; readonly media: readonly PendingMedia[] } {
  const last = said.at(-1);
  if (last === undefined || last.role === "assistant")
    throw new HttpProblem(400, "the last message must be the user's", { param: "messages" });
  const relevant = session === "known" ? said.slice(said.findLastIndex(({ role }) => role === "assistant") + 1) : said;
  const before = relevant.slice(0, -1);
  const text = before.length === 0 ? last.text : withContext(before, last);
  const media = relevant.flatMap((one) => (one.role === "user" ? one.media : []));
  if (text.trim() === "" && media.length === 0)
    throw new HttpProblem(400, "the last message is empty", { param: "messages" });
  if (text.length > limits.messageMaxChars)
    throw new HttpProblem(413, `the conversation is longer than ${limits.messageMaxChars} characters; send less of it`);
  return { text, media };
}

function withContext(before: readonly Said[], last: Said): string {
  const lines = before.map(({ role, text }) => `${roleNames[role]}: ${text}`);
  return ["[What was said before]", ...lines, "[The message to answer]", `${roleNames[last.role]}: ${last.text}`].join(
    "\n",
  );
}
