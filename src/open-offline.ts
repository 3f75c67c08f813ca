// The owner's methods where no gateway runs: the same calls, on the same files, through the same config module and
// vault. A change takes the lock of the state directory, so that no gateway starts on half of it.
import { whileLocked } from "./assembly/start/while-locked.ts";
import { join } from "node:path";
import { finishBegunRestore } from "./assembly/backup/begun.ts";
import { systemClock } from "./base/clock.ts";
import { LoricaError } from "./base/errors.ts";
import { limits } from "./base/limits.ts";
import type { Owner } from "./cli/cli.ts";
import { createConfigCalls, createConfigFile, listAgents, prepareStateDir } from "./config/config.ts";
import type { ConfigFile, Environment, StatePaths } from "./config/config.ts";
import { backupMethods } from "./protocol/owner/backup.ts";
import { evidenceMethods } from "./protocol/owner/evidence.ts";
import { killMethods } from "./protocol/owner/kill.ts";
import { vaultMethods } from "./protocol/owner/vault.ts";
import { watchdogMethods } from "./protocol/owner/watchdog.ts";
import { ownerMethods } from "./protocol/owner-methods.ts";
import type { OwnerMethodName, OwnerParamsOf } from "./protocol/owner-methods.ts";
import { parseParams } from "./protocol/params.ts";
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

type Methods = {
  readonly [M in OwnerMethodName]?: (params: OwnerParamsOf<M>, signal: AbortSignal) => Promise<unknown>;
};

/** The methods of one area by name. Which one's parameters it gets is known only when it is called. */
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
    ...tokenMethods(file, paths, openWith),
    ...evidenceMethodsOf(paths),
    ...killMethodsOf(file, paths),
    ...vaultMethodsOf(paths, env, openWith),
    ...backupMethodsOf(paths, env, openWith),
    ...unitMethodsOf(paths, env),
  };
  const isOffered = (method: string): method is OwnerMethodName => Object.hasOwn(methods, method);
  return {
    running: false,
    async call(method, params, signal) {
      if (!isOffered(method))
        throw new LoricaError(
          "unavailable",
          `no gateway is running, and ${method} needs one; start it with: lorica up`,
          {
            details: { reason: "not_running" },
          },
        );
      const parsed = parseParams(method, ownerMethods[method].params as Parameters<typeof parseParams>[1], params);
      await finishBegunRestore(paths.stateDir);
      return await (methods as Handlers)[method]?.(parsed as never, signal);
    },
    close: () => Promise.resolve(),
  };
}

type MethodTable = Readonly<Partial<Record<OwnerMethodName, unknown>>>;

function mapMethods(
  table: MethodTable,
  call: (method: string, params: unknown, signal: AbortSignal) => Promise<unknown>,
): Methods {
  return Object.fromEntries(
    Object.keys(table).map((name) => [name, (params: unknown, signal: AbortSignal) => call(name, params, signal)]),
  );
}

/** Every method of an area, from parts that are loaded when one is called. */
function areaOf(table: MethodTable, load: () => Promise<object>): Methods {
  return mapMethods(table, async (method, params, signal) =>
    ((await load()) as Handlers)[method]?.(params as never, { signal }),
  );
}

/** Reading the evidence log needs no lock: a gateway that starts meanwhile only adds to it. */
function evidenceMethodsOf({ logs }: StatePaths): Methods {
  return areaOf(evidenceMethods, async () => {
    const { createEvidenceAnswers } = await import("./audit/read/answers.ts");
    return createEvidenceAnswers(logs, undefined);
  });
}

/** What is stopped now is stopped when the gateway starts. */
function killMethodsOf(file: ConfigFile, paths: StatePaths): Methods {
  return mapMethods(killMethods, (method, params) =>
    changing(paths, async () => {
      const [{ openHalts }, { createKillAnswers }, { recordOffline }] = await Promise.all([
        import("./incident/incident.ts"),
        import("./incident/kill-answers.ts"),
        import("./assembly/offline/evidence.ts"),
      ]);
      const report = (message: string, cause?: unknown): never => {
        throw new LoricaError("internal", message, { cause });
      };
      const loaded = await file.load();
      const halts = openHalts({
        path: join(paths.incident, "halts.json"),
        clock: systemClock,
        onChange: () => undefined,
        report,
      });
      const answers = createKillAnswers(halts, {
        by: actor,
        // Whoever stops something must not be kept from it by a config that cannot be read.
        agents: () => (loaded.kind === "loaded" ? listAgents(loaded.config, paths).map(({ id }) => id) : undefined),
        record: (resource, reason) =>
          recordOffline(paths, undefined, {
            kind: "incident",
            rule: "kill",
            actor,
            resource,
            ...(reason === "" ? {} : { reason }),
          }),
      });
      try {
        return await (answers as Handlers)[method]?.(params as never);
      } finally {
        halts.close();
      }
    }),
  );
}
function backupMethodsOf(paths: StatePaths, env: Environment, openWith: OpenWith): Methods {
  return areaOf(backupMethods, async () => {
    const { createOfflineBackup } = await import("./assembly/backup/offline.ts");
    return createOfflineBackup({
      paths,
      env,
      openVault: () => openWith(new Map()),
      locked: (work) => changing(paths, work),
    });
  });
}

/** Runs a change with the state directory checked, made private, and locked. */
async function changing<T>(paths: StatePaths, work: () => Promise<T>): Promise<T> {
  await prepareStateDir(paths);
  return await whileLocked(paths, work);
}

function configMethods(file: ConfigFile, paths: StatePaths): Methods {
  const calls = createConfigCalls(file, paths);
  return {
    "config.get": ({ path }) => calls.view(path),
    "config.set": ({ edits, baseHash }) => changing(paths, () => calls.edit(edits, { baseHash, actor })),
    "config.history": async ({ limit = limits.configHistoryMax }) => ({ revisions: await calls.history(limit) }),
    "config.rollback": ({ to }) => changing(paths, () => calls.rollback(to, actor)),
    "config.pending": async () => ({ edits: await calls.pending() }),
    "config.accept": ({ only = [], digest }) => changing(paths, () => calls.accept(only, actor, digest)),
    "config.reject": () => changing(paths, () => calls.reject()),
  };
}

/** Locking and unlocking are a running gateway's: on the disk the vault is always sealed. */
const { "vault.seal": _seal, "vault.unseal": _unseal, ...offlineVault } = vaultMethods;

function vaultMethodsOf(paths: StatePaths, env: Environment, openWith: OpenWith): Methods {
  return mapMethods(offlineVault, (method, params) =>
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
      return await (calls as Handlers)[method]?.(params as never);
    }),
  );
}

/** An installer says what it writes also where the gateway that it installs does not run yet. */
function unitMethodsOf(paths: StatePaths, env: Environment): Methods {
  const { "watchdog.unit": unit, "watchdog.expect": expect } = watchdogMethods;
  return mapMethods({ "watchdog.unit": unit, "watchdog.expect": expect }, (method, params) =>
    changing(paths, async () => {
      const { openUnitsOffline } = await import("./assembly/offline/units.ts");
      return await (openUnitsOffline(paths, env) as Handlers)[method]?.(params as never);
    }),
  );
}

type OpenWith = (given: ReadonlyMap<string, string>) => Promise<SealedVault>;

function tokenMethods(file: ConfigFile, paths: StatePaths, openWith: OpenWith): Methods {
  const open = async (): Promise<SealedVault> => {
    const loaded = await file.load();
    // A config that cannot be read gives no values; the stored ones are there all the same.
    const given = loaded.kind === "loaded" ? loaded.secrets : new Map<string, string>();
    return openWith(given);
  };
  return {
    "token.show": () =>
      changing(paths, async () => {
        const vault = await open();
        return { token: await ensureGatewayToken(vault), source: vault.sourceOf(gatewayTokenName) ?? "vault" };
      }),
    "token.create": () => changing(paths, async () => ({ token: await createToken(await open()), source: "vault" })),
  };
}

async function createToken(vault: FileVault): Promise<string> {
  if (vault.sourceOf(gatewayTokenName) !== "environment") return createGatewayToken(vault);
  const message = "the environment or the config gives the gateway's token; change it there, or remove it first";
  throw new LoricaError("conflict", message);
}
