// Models that speak Anthropic's Messages format: Anthropic itself, and every server with a compatible endpoint.
import { defineProvider } from "../../src/model/model.ts";
import { definePlugin } from "../../src/plugin/plugin.ts";

// The library insists on a key. It is a placeholder on purpose: the broker adds the real one on the way out.
const placeholder = "added-by-the-broker";

export const anthropic = definePlugin({
  id: "anthropic",
  providers: [
    defineProvider({
      apis: ["anthropic-messages"],
      async load() {
        const { createAnthropic } = await import("@ai-sdk/anthropic");
        return ({ baseUrl }, send) => createAnthropic({ baseURL: baseUrl, apiKey: placeholder, fetch: send });
      },
    }),
  ],
});
