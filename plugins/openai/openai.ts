// Models that speak one of OpenAI's two formats: OpenAI itself, and the many servers with a compatible endpoint.
import { defineProvider } from "../../src/model/model.ts";
import { definePlugin } from "../../src/plugin/plugin.ts";

// The library insists on a key. It is a placeholder on purpose: the broker adds the real one on the way out.
const placeholder = "added-by-the-broker";

export const openai = definePlugin({
  id: "openai",
  providers: [
    defineProvider({
      apis: ["openai-responses"],
      async load() {
        const { createOpenAI } = await import("@ai-sdk/openai");
        return ({ baseUrl }, send) => createOpenAI({ baseURL: baseUrl, apiKey: placeholder, fetch: send }).responses;
      },
    }),
    defineProvider({
      apis: ["openai-completions"],
      async load() {
        const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
        return ({ baseUrl }, send) => {
          const settings = { baseURL: baseUrl, name: "compatible", fetch: send, includeUsage: true };
          const own = new URL(baseUrl).hostname === "api.openai.com";
          return createOpenAICompatible(own ? { ...settings, transformRequestBody: renameLimit } : settings).chatModel;
        };
      },
    }),
  ],
});

/** OpenAI's newer models refuse the field that every compatible server knows. */
function renameLimit({ max_tokens: limit, ...body }: Record<string, unknown>): Record<string, unknown> {
  return { ...body, max_completion_tokens: limit };
}
