// The config as a client over the network may see and change it. The gateway carries the words and may be somebody
// else's by now, so everything is read here as hostile: no secret goes out, and nothing that widens comes in.
import { LoricaError } from "../../base/errors.ts";
import { isRecord } from "../../base/json.ts";
import type { Json } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import type { ConfigFile, Edit, EditResult } from "../file.ts";
import type { Loaded } from "../load.ts";
import { renderIssues } from "../read/issue.ts";

export type RemoteView = {
  readonly exists: boolean;
  readonly valid: boolean;
  readonly hash: string;
  /** What differs from the defaults, secrets by their mark. */
  readonly written: Json;
  /** The same with every default filled in. */
  readonly whole: Json;
  readonly issues: readonly string[];
  readonly notices: readonly string[];
};

export type RemoteChange = {
  readonly hash: string;
  readonly written: Json;
  readonly changed: readonly { readonly path: string; readonly reload: "hot" | "restart" }[];
};

export type RemoteConfig = {
  read(): Promise<RemoteView>;
  /** `set` brings the whole to what is given, `patch` merges it in. */
  write(order: unknown): Promise<RemoteChange>;
};

type Order = {
  readonly mode: "set" | "patch" | "unset";
  /** JSON5; for `unset` a key. */
  readonly raw: string;
  readonly baseHash: string | undefined;
  readonly actor: string;
};

export function createRemoteConfig(file: ConfigFile): RemoteConfig {
  return {
    read: async () => viewOf(await file.load()),
    async write(order) {
      const { mode, raw, baseHash, actor } = parseOrder(order);
      const before = await file.load();
      if (before.kind === "invalid")
        throw new LoricaError(
          "config_invalid",
          `the config file is not valid; ${atTerminal("lorica config validate")}`,
        );
      if (baseHash === undefined && before.origin === "file")
        throw new LoricaError("invalid_request", "config base hash required; read the config again and send its hash");
      const edits = await editsOf(mode, raw, before);
      const reach = "not wider" as const;
      return changeOf(await file.edit(edits, { baseHash: baseHash ?? before.hash, actor, reach }));
    },
  };
}

async function viewOf(loaded: Loaded): Promise<RemoteView> {
  const notices = loaded.notices.map((notice) => renderIssues([notice]));
  if (loaded.kind === "invalid") {
    const issues = renderIssues(loaded.issues).split("\n");
    return { exists: true, valid: false, hash: loaded.hash, written: {}, whole: {}, issues, notices };
  }
  const [{ redactConfig }, { sparse }] = await Promise.all([import("../view.ts"), import("./sparse.ts")]);
  const whole = redactConfig(loaded.config);
  const about = { exists: loaded.origin === "file", valid: true, hash: loaded.hash, issues: [], notices };
  return { ...about, written: sparse(loaded.written), whole };
}

async function editsOf(mode: Order["mode"], raw: string, { written }: Extract<Loaded, { kind: "loaded" }>) {
  if (mode === "unset") {
    const path = (await import("../edit/path.ts")).parsePath(raw);
    if (path.ok) return [{ op: "unset", path: path.value }] satisfies readonly Edit[];
    throw new LoricaError("invalid_request", path.reason);
  }
  const [{ parseRemote }, { editsToward }, { sparse }] = await Promise.all([
    import("./parse.ts"),
    import("./toward.ts"),
    import("./sparse.ts"),
  ]);
  const value = parseRemote(raw);
  if (mode === "patch") return [{ op: "merge", path: [], value }] satisfies readonly Edit[];
  return editsToward(sparse(written), value);
}

async function changeOf(result: EditResult): Promise<RemoteChange> {
  const { sparse } = await import("./sparse.ts");
  if (result.kind === "refused") {
    const issues = renderIssues(result.issues);
    throw new LoricaError("config_invalid", `nothing was written:\n${issues}`, {
      details: { issues: issues.split("\n") },
    });
  }
  const { written, hash } = result.loaded;
  const changes = result.kind === "saved" ? result.changes : [];
  return { hash, written: sparse(written), changed: changes.map(({ path, reload }) => ({ path, reload })) };
}

function parseOrder(value: unknown): Order {
  const { mode, raw, baseHash, actor } = isRecord(value) ? value : {};
  if (mode !== "set" && mode !== "patch" && mode !== "unset")
    throw new LoricaError("invalid_request", "a change of the config that is neither set, patch nor unset");
  if (typeof raw !== "string" || raw.length > limits.configFileMaxBytes)
    throw new LoricaError("too_large", `a config of more than ${limits.configFileMaxBytes} bytes`);
  if (baseHash !== undefined && typeof baseHash !== "string")
    throw new LoricaError("invalid_request", "a base hash that is no text");
  // The actor goes into the journal as the gateway's word, which is not the owner's.
  if (typeof actor !== "string" || !/^[\w:.-]{1,160}$/.test(actor))
    throw new LoricaError("invalid_request", "a change of the config by nobody");
  return { mode, raw, baseHash, actor: `gateway:${actor}` };
}

function atTerminal(command: string): string {
  return `on the machine itself, run: ${command}`;
}
