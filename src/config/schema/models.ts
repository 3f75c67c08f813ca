// catalogue
// Config keys of model providers: where they are, how they are spoken to, what their models can do and cost.
import { z } from "zod";
import { byteSize, count, key, later, modelRef, reserved, secret, secretMap, section, text } from "./field.ts";

const api = z.enum([
  "openai-completions",
  "openai-responses",
  "anthropic-messages",
  "google-generative-ai",
  "rehearsal",
]);
const price = z.number().min(0).max(100_000);

/** What is left out is taken from the built-in model data, so nothing here has a default. */
const model = z.strictObject({
  id: key(modelRef, "The id that the provider knows it by."),
  name: key(text(200).optional(), "The name shown to people."),
  reasoning: key(z.boolean().optional(), "It can think before it answers."),
  input: key(z.array(z.enum(["text", "image", "audio", "video"])).optional(), "What it takes."),
  contextWindow: key(count.max(100_000_000).optional(), "Tokens it can hold."),
  contextTokens: key(count.max(100_000_000).optional(), "Tokens to use of what it can hold."),
  maxTokens: key(count.max(10_000_000).optional(), "Tokens it may answer with."),
  cost: key(
    z
      .strictObject({
        input: price.optional(),
        output: price.optional(),
        cacheRead: price.optional(),
        cacheWrite: price.optional(),
      })
      .optional(),
    "Prices in US dollars per million tokens; a local model costs 0. A price of the cache that is not known is that of input.",
  ),
  params: key(z.record(z.string(), z.json()).default({}), "Passed on in each request to this model."),
});

const provider = z.strictObject({
  baseUrl: key(
    z.url({ protocol: /^https?$/, error: "a base URL starts with http:// or https://" }).optional(),
    "Where the provider is. Well-known providers have one of their own.",
  ),
  apiKey: secret("The API key. Left out, the secret `provider:<id>` is used where there is one."),
  api: key(api.optional(), "The protocol it speaks. Well-known providers and hosts have one of their own."),
  auth: later(
    z.enum(["api-key", "oauth", "token", "aws-sdk"]),
    { safe: "api-key", step: "later" },
    "How it authenticates.",
  ),
  headers: secretMap("Headers added to each request. Credentials among them are kept as secrets."),
  params: key(
    z.record(z.string(), z.json()).default({}),
    "Passed on in each request body, as OpenRouter's `provider` routing object.",
  ),
  timeoutSeconds: key(z.int().min(1).max(3_600).default(600), "How long one call may take."),
  maxTokens: key(count.max(10_000_000).optional(), "Tokens that an answer may have, for all its models."),
  models: key(
    z.array(model).max(2_000).default([]),
    "Its models, where more than the built-in data is to be known of them. Merged by `id`.",
  ),
});

export const models = section(
  {
    mode: key(
      z.enum(["merge", "replace"]).default("merge"),
      "`merge` adds to the built-in model data; `replace` knows only what stands here.",
    ),
    providers: key(
      z
        .record(
          z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/, "a provider id is lower-case letters, digits, . - and _"),
          provider,
        )
        .default({}),
      "Model providers by id.",
    ),
    catalogRefresh: section(
      { enabled: later(z.boolean(), { safe: false, step: "later" }, "Fetch newer model data from the network.") },
      "Model data from the network.",
    ),
  },
  "Model providers.",
  "hot",
);

export const auth = section(
  {
    profiles: key(
      z
        .record(
          z.string().max(128),
          z.strictObject({
            provider: text(64),
            mode: z.literal("api_key"),
            email: text(256).optional(),
            displayName: text(256).optional(),
          }),
        )
        .default({}),
      "Named credentials. Only API keys; their values are secrets.",
    ),
    order: key(
      z.record(z.string().max(64), z.array(text(128)).max(50)).default({}),
      "Which credential of a provider is tried first.",
    ),
  },
  "Provider credentials by name.",
  "hot",
);

export const memory = section(
  {
    citations: key(z.enum(["auto", "on", "off"]).default("auto"), "Whether answers name the memory they come from."),
    search: reserved("later", "Search in memory files."),
    qmd: section(
      {
        limits: section(
          {
            maxResults: key(count.max(1_000).default(6), "Results of one search."),
            maxSnippetChars: key(count.default(700), "Characters of one result."),
            maxInjectedChars: key(count.default(4_000), "Characters of all results together."),
          },
          "Bounds of a search.",
        ),
        sessions: section(
          { enabled: later(z.boolean(), { safe: false, step: "later" }, "Search old conversations too.") },
          "Old conversations.",
        ),
        maxDiskBytes: key(byteSize.default("1gb"), "Disk space of its index."),
      },
      "The `qmd` memory backend.",
    ),
  },
  "Memory.",
  "hot",
);
