// What a person still has to do: nobody but them can revoke a key where it was made.

export type Item = { readonly id: string; readonly what: string; readonly how: string };

const platforms: Readonly<Record<string, string>> = {
  telegram: "write /revoke to @BotFather, choose the bot, then: lorica channels add telegram",
  discord: "discord.com/developers: the application, Bot, Reset Token",
  slack: "api.slack.com/apps: the app, OAuth & Permissions, Revoke All Tokens, then install it again",
  signal: "on the phone: Settings, Linked devices, unlink this one",
  whatsapp: "on the phone: Settings, Linked devices, log out of this one",
};

const providers: Readonly<Record<string, string>> = {
  anthropic: "console.anthropic.com, API keys: disable the key, make another",
  openai: "platform.openai.com/api-keys: revoke the key, make another",
  google: "aistudio.google.com/apikey: delete the key, make another",
  openrouter: "openrouter.ai/settings/keys: delete the key, make another",
};

export function checklistFor(known: {
  readonly channels: readonly string[];
  readonly providers: readonly string[];
  readonly secrets: readonly string[];
}): readonly Item[] {
  const named = new Set(known.providers);
  const others = known.secrets.filter(
    (name) => !/^(gateway|channel):/.test(name) && !named.has(name.split(":")[1] ?? ""),
  );
  return [
    ...known.channels.map((id) => ({
      id: `channel:${id}`,
      what: `revoke the token of ${id} where it was made`,
      how: platforms[id] ?? "in that platform's settings for developers",
    })),
    ...known.providers.map((id) => ({
      id: `provider:${id}`,
      what: `revoke the key of ${id}, and look at what it was used for`,
      how: `${providers[id] ?? "in that provider's console"}; then: lorica vault set provider:${id}`,
    })),
    ...others.map((name) => ({
      id: `secret:${name}`,
      what: `replace the secret ${name} where it was made`,
      how: `then: lorica vault set ${name}`,
    })),
    {
      id: "persistence",
      what: "read the list of places where somebody may come back",
      how: "hunt.json in the snapshot",
    },
    {
      id: "sessions",
      what: "read what was said and done before",
      how: "lorica audit query --since 7d; lorica sessions",
    },
    {
      id: "workspace",
      what: "look through the workspaces for files that you did not want",
      how: "also AGENTS.md, SOUL.md",
    },
    {
      id: "machine",
      what: "if somebody else was on the machine: install it anew",
      how: "and restore a backup from before",
    },
  ];
}
