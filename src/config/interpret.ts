// What a parsed config means, once its parts are together: variables replaced, old spellings moved, secrets taken out,
// the schema satisfied, the environment applied. Pure, so that an edit can be judged before it is written.
import type { Environment } from "./environment.ts";
import type { StatePaths } from "./paths.ts";
import { check } from "./read/check.ts";
import type { Findings } from "./read/issue.ts";
import { migrate } from "./read/migrate.ts";
import { extractSecrets } from "./read/secrets.ts";
import type { PlainSecret } from "./read/secrets.ts";
import { adoptKeys, noteOutranked, settle } from "./read/settle.ts";
import type { Overrides } from "./read/settle.ts";
import { substitute } from "./read/substitute.ts";
import type { Variables } from "./read/substitute.ts";
import type { Tree } from "./read/tree.ts";
import { validate } from "./read/validate.ts";
import { noteWithoutEffect } from "./schema/without-effect.ts";
import type { Config } from "./schema/schema.ts";

export type { Overrides } from "./read/settle.ts";

export type Interpreting = {
  readonly paths: StatePaths;
  readonly overrides: Overrides;
  readonly env: Environment;
  /** What has ended by then is not in force. */
  readonly now: number;
  readonly findings: Findings;
};

export type Interpreted = {
  readonly config: Config;
  /** Keys of which something else holds than is written, because what acknowledged them has ended. */
  readonly lapsed: readonly string[];
  /** What the file says, before the environment and the command line have their say. */
  readonly written: Config;
  readonly secrets: ReadonlyMap<string, string>;
  /** Credentials that stand in the file as they are. */
  readonly plain: readonly PlainSecret[];
};

/** Undefined where nothing valid came of it; the findings say why. */
export function interpret(tree: Tree, { paths, overrides, env, now, findings }: Interpreting): Interpreted | undefined {
  const substituted = substitute(tree, { get: (name) => env[name] }, findings);
  if (substituted.kind !== "object") return undefined;
  migrate(substituted, findings);
  const secrets = new Map<string, string>();
  const variables: Variables = { get: (name) => env[name] ?? secrets.get(`env:${name.toLowerCase()}`) };
  const plain: PlainSecret[] = [];
  extractSecrets(substituted, { findings, variables, secrets, plain });
  const written = validate(substituted, findings);
  if (written === undefined) return undefined;
  adoptKeys({ secrets, env, variables, findings });
  const settling = { env, overrides, variables, now, tree: substituted, findings };
  const { config, lapsed } = settle(written, settling);
  noteOutranked(substituted, { written, config, findings });
  check({ config, tree: substituted, paths, findings, lapsed });
  noteWithoutEffect(substituted, findings);
  return { config, lapsed, written, secrets, plain };
}
