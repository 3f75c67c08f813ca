// Fifty credentials, put where people put theirs: into the vault, into the config as plain text, into `.env`, into the
// environment of the gateway, and given with a channel.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Installation } from "../installation.ts";
import { createBotToken, createCanary } from "./canaries.ts";

export type Planted = {
  readonly all: readonly string[];
  /** Those that are used for calls during the day, by what for. */
  readonly used: {
    readonly mine: string;
    readonly planted: string;
    readonly openai: string;
    readonly bot: string;
    readonly workBot: string;
  };
  /** Of the providers and accounts that nobody calls, for the config. */
  readonly idleProviders: readonly string[];
  readonly idleBots: readonly string[];
  readonly inVault: readonly string[];
  readonly inDotEnv: Readonly<Record<string, string>>;
  readonly inEnvironment: Readonly<Record<string, string>>;
};

export function createPlanted(): Planted {
  let made = 0;
  const next = (): string => createCanary(made++);
  const many = (count: number): readonly string[] => Array.from({ length: count }, next);
  const used = {
    mine: next(),
    planted: next(),
    openai: next(),
    bot: createBotToken(),
    workBot: createBotToken(),
  };
  const [idleProviders, inVault] = [many(19), many(19)];
  const idleBots = Array.from({ length: 4 }, createBotToken);
  const inDotEnv = { OPENAI_API_KEY: used.openai, GEMINI_API_KEY: next() };
  const inEnvironment = { ANTHROPIC_API_KEY: next(), GROQ_API_KEY: next() };
  const all = [
    ...Object.values(used),
    ...idleProviders,
    ...inVault,
    ...idleBots,
    inDotEnv.GEMINI_API_KEY,
    ...Object.values(inEnvironment),
  ];
  assert.equal(new Set(all).size, 50);
  return { all, used, idleProviders, idleBots, inVault, inDotEnv, inEnvironment };
}

export type Places = {
  readonly provider: string;
  readonly telegram: string;
  readonly workTelegram: string;
};

export function configWith({ used, idleProviders, idleBots }: Planted, places: Places): Record<string, unknown> {
  const provider = { baseUrl: `${places.provider}/v1`, api: "openai-completions", models: [{ id: "m" }] };
  const idle = idleProviders.map((apiKey, at) => [`idle${at}`, { ...provider, apiKey }]);
  const bots = idleBots.map((botToken, at) => [`idle${at}`, { enabled: false, botToken }]);
  return {
    gateway: {
      tools: { allow: ["exec", "process", "write", "edit"] },
      http: { endpoints: { chatCompletions: { enabled: true } } },
    },
    session: { jsonlMirror: true },
    logging: { level: "trace" },
    models: {
      providers: {
        mine: provider,
        planted: { ...provider, apiKey: used.planted },
        openai: provider,
        ...Object.fromEntries(idle),
      },
    },
    agents: {
      defaults: { model: { primary: "mine/m" } },
      list: [{ id: "main" }, { id: "second", model: "planted/m" }, { id: "third", model: "openai/m" }],
    },
    channels: {
      telegram: {
        enabled: true,
        apiRoot: places.telegram,
        botToken: used.bot,
        dmPolicy: "allowlist",
        allowFrom: ["42"],
        accounts: { work: { apiRoot: places.workTelegram }, ...Object.fromEntries(bots) },
      },
    },
  };
}

/** What is not in the config: before the first start, and with the owner's commands after it. */
export function writeDotEnv(lorica: Installation, { inDotEnv }: Planted): void {
  const lines = Object.entries(inDotEnv).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(lorica.stateDir, ".env"), lines.join(""), { mode: 0o600 });
}

export async function giveToVault(lorica: Installation, { used, inVault }: Planted): Promise<void> {
  const give = async (words: readonly string[], value: string): Promise<void> => {
    const { code, stderr } = await lorica.run(words, { input: `${value}\n` });
    assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
  };
  await give(["vault", "set", "provider:mine"], used.mine);
  await give(["channels", "add", "telegram", "--account", "work", "--token-file", "-"], used.workBot);
  for (const [at, value] of inVault.entries()) await give(["vault", "set", `idle:${at}`], value);
}
