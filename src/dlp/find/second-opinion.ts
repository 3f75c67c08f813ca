// What the maintained rules say of a text. They are loaded when somebody asks for their opinion, and never while texts wait.
import type { Span } from "./finding.ts";

export type Opinion = Span & { readonly rule: string };

const preset = "@secretlint/secretlint-rule-preset-recommend";

export async function askSecondOpinion(text: string): Promise<readonly Opinion[]> {
  const [{ lintSource }, { creator }] = await Promise.all([
    import("@secretlint/core"),
    import("@secretlint/secretlint-rule-preset-recommend"),
  ]);
  const { messages } = await lintSource({
    source: { content: text, filePath: "text.txt", ext: ".txt", contentType: "text" },
    options: { config: { rules: [{ id: preset, rule: creator }] }, locale: "en", maskSecrets: true },
  });
  return messages.map(({ ruleId, range: [start, end] }) => ({
    rule: `secretlint.${ruleId.split("-rule-").at(-1) ?? ruleId}`,
    start,
    end,
  }));
}
