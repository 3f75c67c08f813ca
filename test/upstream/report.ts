// docs/upstream-clients.md: what upstream's clients printed, and where we differ from what they are used to.
export type Result = {
  readonly client: string;
  readonly job: string;
  readonly printed: readonly string[];
  /** What failed; undefined where nothing did. */
  readonly problem?: string;
};

export type Tried = {
  readonly version: string;
  readonly results: readonly Result[];
  /** What of this one time must not be in it: a token, folders. */
  readonly hidden: readonly string[];
  readonly ports: readonly number[];
};

const differences: readonly (readonly [theirs: string, ours: string, todo: string])[] = [
  [
    "a client on the same machine that shows the gateway's token is let in silently, as whatever it asks to be",
    "it waits: `pairing required`, with the id of its request",
    "`lorica devices approve <request>` once for each client; it keeps a token of its own",
  ],
  [
    "`openclaw <command> --url ws://127.0.0.1:… --token …` leaves its device out on the same machine, and may do everything",
    "a token alone may do nothing: `missing scope: operator.read`",
    "run `openclaw tui --url … --token …` once and approve it; then set `gateway.mode: remote` and `gateway.remote.url` in that client's config and leave `--token` out. From another machine the command's device comes along and is approved as any other",
  ],
  [
    "a device token is kept as it is",
    "it ends after thirty days, is replaced after fifteen while it is used, and is kept as a hash",
    "nothing; a client that was away for longer shows the gateway's token again",
  ],
  [
    "nodes on the same machine, on listed networks or reachable over ssh are approved silently, commands included",
    "each is approved twice: to connect, and for what it offers",
    "`lorica devices approve`, then `lorica nodes approve`",
  ],
  [
    "the Control UI is served by the gateway",
    "the gateway serves a page of its own",
    "a Control UI served elsewhere works: name its origin in `gateway.controlUi.allowedOrigins`, and approve each browser",
  ],
  [
    "any client may sign without its platform (v2)",
    "only the Control UI may; everything else signs v3",
    "nothing: every client of upstream's but the Control UI signs v3",
  ],
  [
    "wrong tokens from the same machine may be tried without end",
    "they are slowed down wherever they come from: `AUTH_RATE_LIMITED` says for how long",
    "wait, and correct the token",
  ],
  [
    "sessions on disk belong to `openclaw`, which reads its own when it is asked for `sessions list` or the store in `health`",
    "our gateway keeps its sessions to itself",
    "`openclaw tui`, `openclaw gateway call sessions.list`, or `lorica sessions`",
  ],
  [
    "`openclaw models list` reads the catalogue of all models that upstream publishes, from the gateway",
    "there is none; the command says that the gateway does not support `published-model-catalog`",
    "`lorica models list`, or `openclaw gateway call models.list`",
  ],
];

export function renderReport({ version, results, hidden, ports }: Tried): string {
  const conceal = (text: string): string => {
    const without = hidden.reduce((kept, secret) => kept.replaceAll(secret, "~"), text);
    return ports.reduce((kept, port, at) => kept.replaceAll(String(port), ["18789", "8080"][at] ?? "PORT"), without);
  };
  const verdict = ({ problem }: Result): string => (problem === undefined ? "passed" : conceal(`failed: ${problem}`));
  return [
    "# Upstream's own clients",
    "",
    `\`openclaw\` ${version} from npm, unchanged, against \`lorica\`. Each client was let in by \`lorica devices approve\` before it`,
    "did anything. This page is written by a script; to try them again:",
    "",
    "    npm install --prefix /some/folder openclaw@2026.9.6",
    "    OPENCLAW_PEER=/some/folder node test/upstream/print.ts --write",
    "",
    "With `OPENCLAW_PEER` set, `./lorica test upstream` tries them as well.",
    "",
    "| client | job | |",
    "|---|---|---|",
    ...results.map((result) => `| \`${result.client}\` | ${result.job} | ${verdict(result)} |`),
    "",
    "## Where we differ on purpose",
    "",
    "| what they are used to | what happens here | what to do |",
    "|---|---|---|",
    ...differences.map((row) => `| ${row.join(" | ")} |`),
    "",
    "## What they printed",
    "",
    ...results.flatMap(({ client, printed }) => [
      `### ${client}`,
      "",
      "```",
      ...lines(printed).map(conceal),
      "```",
      "",
    ]),
  ].join("\n");
}

function lines(printed: readonly string[]): readonly string[] {
  return printed
    .flatMap((text) => text.split("\n"))
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}
