// Models that speak Google's Generative Language format.
import { defineProvider } from "../../src/model/model.ts";
import { definePlugin } from "../../src/plugin/plugin.ts";

// The library insists on a key. It is a placeholder on purpose: the broker adds the real one on the way out.
const placeholder = "added-by-the-broker";

export const google = definePlugin({
  id: "google",
  providers: [
    defineProvider({
      apis: ["google-generative-ai"],
      async load() {
        const { createGoogle } = await import("@ai-sdk/google");
        return ({ baseUrl }, send) => createGoogle({ baseURL: baseUrl, apiKey: placeholder, fetch: send });
      },
    }),
  ],
});
