// The owner's methods where no gateway runs: the same calls, on the same files, through the same config module and
// vault. A change takes the lock of the state directory, so that no gateway starts on half of it.
import { whileLocked } from "./assembly/start/while-locked.ts";
import { join } from "node:path";
import { finishBegunRestore } from "./assembly/backup/begun.ts";
import { systemClock } from "./base/clock.ts";
import { LoricaError } from "./base/errors.ts";
import { isRecord } from "./base/json.ts";
import { limits } from "./base/limits.ts";
import type { Owner } from "./cli/cli.ts";
import { createConfigCalls, createConfigFile, prepareStateDir } from "./config/config.ts";
import type { ConfigCalls, ConfigFile, Environment, StatePaths } from "./config/config.ts";
import { backupMethods } from "./protocol/owner/backup.ts";
import { evidenceMethods } from "./protocol/owner/evidence.ts";
import { killMethods } from "./protocol/owner/kill.ts";
import type { OwnerMethodName } from "./protocol/owner-methods.ts";
import { createEditSealer } from "./vault/edits/edits.ts";
import {
  createGatewayToken,
  createOwnerCalls,
  ensureGatewayToken,
  gatewayTokenName,
  movePlainFile,
  openVault,
  vaultPlaces,
} from "./vault/vault.ts";
import type { FileVault, SealedVault } from "./vault/vault.ts";

type Params = Readonly<Record<string, unknown>>;
type Methods = Partial<Record<OwnerMethodName, (params: Params, signal: AbortSignal) => Promise<unknown>>>;

/** The same with parameters that were parsed by the method's own schema. */
type Handlers = Readonly<Record<string, ((params: never, context?: unknown) => Promise<unknown>) | undefined>>;

const actor = "cli";

export function openOffline(paths: StatePaths, env: Environment): Owner {
  const openWith = async (given: ReadonlyMap<string, string>): Promise<SealedVault> => {
    const places = vaultPlaces(paths, env);
    const vault = await openVault({ places, clock: systemClock, given });
    await movePlainFile(places, vault);
    return vault;
  };
  const keepSecret = async (name: string, value: string): Promise<void> =>
    (await openWith(new Map())).write(name, value);
  const places = vaultPlaces(paths, env);
  const sealing = createEditSealer({ places, running: () => undefined, openVault: () => openWith(new Map()) });
  const file = createConfigFile({ paths, env, clock: systemClock, keepSecret, sealing });
  const methods: Methods = {
    ...configMethods(file, paths),
    ...keyMethods(file, paths, openWith),
    ...evidenceMethodsOf(paths),
    ...killMethodsOf(paths),
    ...vaultMethods(paths, env, openWith),
    ...backupMethodsOf(paths, env, openWith),
  };
  return {
    running: false,
    async call(method, params, signal) {
      const found = Object.hasOwn(methods, method) ? methods[method as OwnerMethodName] : undefined;
      if (found === undefined)
        throw new LoricaError("unavailable", `no gateway is running, and ${method} needs one`, {
          details: { reason: "not_running" },
        });
      await finishBegunRestore(paths.stateDir);
      return found(isRecord(params) ? params : {}, signal);
    },
    close: () => Promise.resolve(),
  };
}

/** Reading the evidence log needs no lock: a gateway that starts meanwhile only adds to it. */
function evidenceMethodsOf(paths: StatePaths): Methods {
  const call =
    (method: keyof typeof evidenceMethods) =>
    async (params: Params): Promise<unknown> => {
      const { createEvidenceAnswers } = await import("./audit/read/answers.ts");
      const answers = createEvidenceAnswers(paths.logs, undefined) as Handlers;
      return await answers[method]?.(evidenceMethods[method].params.parse(params) as never);
    };
  return Object.fromEntries(
    Object.keys(evidenceMethods).map((name) => [name, call(name as keyof typeof evidenceMethods)]),
  );
}

/** What is stopped now is stopped when the gateway starts. */
function killMethodsOf(paths: StatePaths): Methods {
  const call =
    (method: keyof typeof killMethods) =>
    (params: Params): Promise<unknown> =>
      changing(paths, async () => {
        const { openHalts } = await import("./incident/incident.ts");
        const { createKillAnswers } = await import("./incident/kill-answers.ts");
        const report = (message: string, cause?: unknown): never => {
          throw new LoricaError("internal", message, { cause });
        };
        const path = join(paths.incident, "halts.json");
        const halts = openHalts({ path, clock: systemClock, onChange: () => undefined, report });
        try {
          const answers = createKillAnswers(halts, { by: actor, record: () => undefined }) as Handlers;
          return await answers[method]?.(killMethods[method].params.parse(params) as never);
        } finally {
          halts.close();
        }
      });
  return Object.fromEntries(Object.keys(killMethods).map((name) => [name, call(name as keyof typeof killMethods)]));
}

function backupMethodsOf(paths: StatePaths, env: Environment, openWith: OpenWith): Methods {
  const call =
    (method: keyof typeof backupMethods) =>
    async (params: Params, signal: AbortSignal): Promise<unknown> => {
      const { createOfflineBackup } = await import("./assembly/backup/offline.ts");
      const calls = createOfflineBackup({
        paths,
        env,
        openVault: () => openWith(new Map()),
        locked: (work) => changing(paths, work),
      }) as Handlers;
      return await calls[method]?.(backupMethods[method].params.parse(params) as never, { signal });
    };
  return Object.fromEntries(Object.keys(backupMethods).map((name) => [name, call(name as keyof typeof backupMethods)]));
}

/** Runs a change with the state directory checked, made private, and locked. */
async function changing<T>(paths: StatePaths, work: () => Promise<T>): Promise<T> {
  await prepareStateDir(paths);
  return await whileLocked(paths, work);
}

function configMethods(file: ConfigFile, paths: StatePaths): Methods {
  const calls = createConfigCalls(file, paths);
  return {
    "config.get": ({ path }) => calls.view(textOf(path)),
    "config.set": ({ edits, baseHash }) =>
      changing(paths, () =>
        calls.edit(edits as Parameters<ConfigCalls["edit"]>[0], { baseHash: textOf(baseHash), actor }),
      ),
    "config.history": async ({ limit }) => ({
      revisions: await calls.history(typeof limit === "number" ? limit : limits.configHistoryMax),
    }),
    "config.rollback": ({ to }) => changing(paths, () => calls.rollback(textOf(to), actor)),
    "config.pending": async () => ({ edits: await calls.pending() }),
    "config.accept": ({ only, digest }) =>
      changing(paths, () => calls.accept(Array.isArray(only) ? only.map(String) : [], actor, textOf(digest))),
    "config.reject": () => changing(paths, () => calls.reject()),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function vaultMethods(paths: StatePaths, env: Environment, openWith: OpenWith): Methods {
  const names = [
    "vault.status",
    "vault.set",
    "vault.get",
    "vault.list",
    "vault.rotate",
    "vault.import",
    "vault.export",
    "vault.encrypt",
    "vault.decrypt",
  ] as const;
  const call = (method: (typeof names)[number] | "vault.init", params: Params) =>
    changing(paths, async () => {
      const { recordOffline } = await import("./assembly/offline/evidence.ts");
      const vault = await openWith(new Map());
      const calls = createOwnerCalls({
        vault,
        places: vaultPlaces(paths, env),
        record: (record) => recordOffline(paths, vault, record),
        now: systemClock.now,
        onValues: async () => undefined,
        onLock: async () => undefined,
        usesOf: () => ({ uses: 0, lastUsedAt: null }),
      });
      return await calls[method](params as never);
    });
  return Object.fromEntries(
    [...names, "vault.init" as const].map((name) => [name, (params: Params) => call(name, params)]),
  );
}

type OpenWith = (given: ReadonlyMap<string, string>) => Promise<SealedVault>;

function keyMethods(file: ConfigFile, paths: StatePaths, openWith: OpenWith): Methods {
  const open = async (): Promise<SealedVault> => {
    const loaded = await file.load();
    // A config that cannot be read gives no values; the stored ones are there all the same.
    const given = loaded.kind === "loaded" ? loaded.secrets : new Map<string, string>();
    return openWith(given);
  };
  return {
    "secret.set": ({ name, value }) =>
      changing(paths, async () => setSecret(await open(), String(name), String(value))),
    "secret.list": () => changing(paths, async () => ({ secrets: await (await open()).list() })),
    "secret.remove": ({ name }) =>
      changing(paths, async () => ({ name, removed: await (await open()).remove(String(name)) })),
    "token.show": () =>
      changing(paths, async () => {
        const vault = await open();
        return { token: await ensureGatewayToken(vault), source: vault.sourceOf(gatewayTokenName) ?? "vault" };
      }),
    "token.create": () => changing(paths, async () => ({ token: await createToken(await open()), source: "vault" })),
  };
}

async function setSecret(vault: FileVault, name: string, value: string): Promise<unknown> {
  if (name === gatewayTokenName)
    throw new LoricaError("invalid_request", "the gateway's token is made with: lorica token create");
  const replaced = (await vault.list()).some((secret) => secret.name === name);
  await vault.write(name, value);
  return { name, replaced };
}

async function createToken(vault: FileVault): Promise<string> {
  if (vault.sourceOf(gatewayTokenName) !== "environment") return createGatewayToken(vault);
  const message = "the environment or the config gives the gateway's token; change it there, or remove it first";
  throw new LoricaError("conflict", message);
}
