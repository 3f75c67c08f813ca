// What starts the gateway, watched over: in a running broker, and for one command of the owner's where none runs.
import { userInfo } from "node:os";
import { join } from "node:path";
import type { AuditLog } from "../../../audit/audit.ts";
import { systemClock } from "../../../base/clock.ts";
import type { OwnerHandlers } from "../../../broker/broker.ts";
import type { Environment, StatePaths } from "../../../config/config.ts";
import { createFight } from "../../../config/guard/fight.ts";
import { watchFiles } from "../../../config/keep/watch.ts";
import { listStartFiles, openInstructionBook, watchUnits } from "../../../watchdog/watchdog.ts";
import type { AlertOwner, UnitWatch } from "../../../watchdog/watchdog.ts";

export type UnitsDeps = {
  readonly paths: StatePaths;
  readonly env: Environment;
  readonly record: AuditLog["record"];
  readonly alertOwner: AlertOwner;
  /** Alerts that begin so are answered. */
  readonly settle: (beginning: string) => void;
};

export type Units = Pick<UnitWatch, "list" | "look"> & {
  readonly areas: Pick<OwnerHandlers, "watchdog.unit" | "watchdog.expect">;
  readonly start: (signal: AbortSignal) => void;
};

export function openUnits({ paths, env, record, alertOwner, settle }: UnitsDeps): Units {
  const folder = join(paths.watchdog, "units");
  const book = openInstructionBook(folder);
  const { home, profile, binary } = paths;
  const places = () => listStartFiles({ home, profile, binary, env, user: userInfo().username, root: "" });
  const units = watchUnits({
    places,
    book,
    clock: systemClock,
    alertOwner,
    fight: createFight(),
    copyPath: (hash) => join(folder, `copy-${hash}`),
    record: ({ path, what, hash }) =>
      record({
        kind: "watchdog",
        rule: `unit.${what}`,
        resource: path,
        result: hash === null ? { present: false } : { present: true, sha256: hash },
      }),
  });
  if (book.damaged.length > 0)
    alertOwner(
      `what the watchdog knew of the gateway's service was changed (${book.damaged.join(", ")}), so what lies there now is what it goes by. Look at it: lorica watchdog status`,
    );
  const onLost = (reason: string): void =>
    alertOwner(`what starts the gateway cannot be watched now, and it is tried again every half minute: ${reason}`);
  return {
    list: units.list,
    look: units.look,
    areas: {
      async "watchdog.unit"({ path, word }) {
        units[word](path);
        settle(`${path} `);
        return { path };
      },
      async "watchdog.expect"({ files }) {
        units.expect(files);
        return { expected: files.length };
      },
    },
    start(signal) {
      watchFiles({ files: () => places().watched, onChange: async () => units.look(), onLost }, signal);
    },
  };
}
