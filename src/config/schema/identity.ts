// catalogue
// What this installation calls itself towards the hosts it talks to.
import { z } from "zod";
import { key, section } from "./field.ts";

/** Names under which others are known. Whoever checks by such a name whom he lets in is not to be lied to (ID-011). */
const others =
  /github|copilot|codex|antigravity|claude|anthropic|openai|chatgpt|gemini|google|cursor|mozilla|chrome|safari|firefox|curl|wget|python|okhttp/i;

function name(maxChars: number) {
  return z
    .string()
    .max(maxChars)
    .regex(/^[\x20-\x7e]*$/, "holds characters that no header can")
    .refine((value) => !others.test(value), "is another product's name; nobody is told that we are somebody else");
}

export const identity = section(
  {
    userAgent: key(
      name(200).optional(),
      "The User-Agent for model providers; `lorica/<version>` where left out, and none where it is empty.",
    ),
    mediaUserAgent: key(
      name(200).default("OpenClaw-Gateway/1.0"),
      "The User-Agent for chat platforms and their media; none where it is empty.",
    ),
    referer: key(
      name(200).default("https://openclaw.ai"),
      "HTTP-Referer for OpenRouter and Perplexity; none where it is empty.",
    ),
    title: key(
      name(100).default("OpenClaw"),
      "X-Title for OpenRouter and Perplexity, MM-API-Source for MiniMax; none where it is empty.",
    ),
  },
  "What this installation calls itself towards others.",
  "hot",
);
