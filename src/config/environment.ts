// Variables of the process, under their present name or one of their earlier ones (C-02). Light: paths need it.
import { LoricaError } from "../base/errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `OPENCLAW_` is the name that guides print, `LORICA_` our own; the others are earlier names of the same system. */
const prefixes = ["OPENCLAW_", "LORICA_", "MOLTBOT_", "CLAWDBOT_"] as const;
const presentPrefixes = 2;

const variables = [
  "AGENT_DIR",
  "CONFIG_PATH",
  "DISABLE_BONJOUR",
  "GATEWAY_BIND",
  "GATEWAY_PASSWORD",
  "GATEWAY_PORT",
  "GATEWAY_TOKEN",
  "HOME",
  "PROFILE",
  "STATE_DIR",
] as const;

export type Variable = (typeof variables)[number];

/** The value, whichever name it came by. Two names with different values are refused: nobody could know which counts. */
export function readVariable(env: Environment, variable: Variable): string | undefined {
  const found = namesOf(variable).flatMap((name) => {
    const value = env[name]?.trim();
    return value === undefined || value === "" ? [] : [{ name, value }];
  });
  const [first] = found;
  const other = found.find(({ value }) => value !== first?.value);
  if (first !== undefined && other !== undefined)
    throw new LoricaError(
      "config_invalid",
      `${first.name} and ${other.name} are both set and differ. They mean the same; unset ${other.name}.`,
    );
  return first?.value;
}

/** One line for each variable that is set under an earlier name. */
export function deprecatedVariables(env: Environment): readonly { readonly name: string; readonly present: string }[] {
  return variables.flatMap((variable) =>
    namesOf(variable)
      .slice(presentPrefixes)
      .filter((name) => (env[name] ?? "") !== "")
      .map((name) => ({ name, present: `OPENCLAW_${variable}` })),
  );
}

function namesOf(variable: Variable): readonly string[] {
  const named = prefixes.map((prefix) => `${prefix}${variable}`);
  return variable === "GATEWAY_TOKEN" ? [...named, "GATEWAY_AUTH_TOKEN"] : named;
}

/**
 * The state directory's `.env`: `NAME=value` lines, `export` and quotes allowed. A line that is none of these is
 * answered with its number, so that a typing error does not silently lose a key.
 */
export function parseDotEnv(text: string): {
  readonly values: ReadonlyMap<string, string>;
  readonly badLines: readonly number[];
} {
  const values = new Map<string, string>();
  const badLines: number[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*(#.*)?$/.test(line)) return;
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match === null) badLines.push(index + 1);
    else values.set(match[1] ?? "", unquoted(match[2] ?? ""));
  });
  return { values, badLines };
}

function unquoted(value: string): string {
  const quoted = /^(?:"([^"]*)"|'([^']*)')(?:\s+#.*)?$/.exec(value);
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? "";
  return value.replace(/\s+#.*$/, "");
}
