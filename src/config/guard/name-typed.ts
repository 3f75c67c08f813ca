// Credentials that somebody typed into an edit: what comes into force has their names, as after `config set`.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { ConfigFileOptions } from "../file.ts";
import type { Keeping } from "../keep/keeping.ts";
import type { LoadedConfig } from "../load.ts";
import type { HeldFiles } from "./pending.ts";

type Typed = { readonly after: LoadedConfig; readonly files: HeldFiles };

/** What an included file holds is left as it is: whoever keeps that file edits it. */
export async function nameTyped(
  typed: Typed,
  { paths, env, keepSecret, judge }: ConfigFileOptions & Pick<Keeping, "judge">,
): Promise<Typed & { readonly secrets: ReadonlyMap<string, string> }> {
  const { after, files } = typed;
  const plain = after.plain.filter(({ file }) => file === paths.configPath);
  const main = after.sources.get(paths.configPath);
  if (keepSecret === undefined || plain.length === 0 || main === undefined) return { ...typed, secrets: new Map() };
  const [{ applyEdits }, { createEditing }, { parsePath }] = await Promise.all([
    import("../edit/edit.ts"),
    import("../edit/resolve.ts"),
    import("../edit/path.ts"),
  ]);
  const edits = plain.map(({ name, path }) => {
    const parsed = parsePath(path);
    if (!parsed.ok) throw new LoricaError("invalid_request", parsed.reason);
    return { op: "set", path: parsed.value, value: `vault:${name}` } as const;
  });
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(main);
  const named = new TextEncoder().encode(applyEdits(text, edits, await createEditing(paths.dotEnvPath, env)));
  const judged = await judge(named, after.sources);
  // What is shorter may be part of any other word.
  const values = plain.map(({ value }) => value).filter((value) => value.length >= limits.secretShownMinChars);
  if (judged.kind === "invalid" || values.some((value) => Buffer.from(named).includes(value)))
    throw new LoricaError(
      "conflict",
      `a credential stands in the edit (${plain.map(({ path }) => path).join(", ")}) and cannot be taken out of it. Keep it with lorica secret set, and edit again without it`,
    );
  return {
    after: judged,
    files: new Map([...files, [paths.configPath, named]]),
    secrets: new Map(plain.map(({ name, value }) => [name, value])),
  };
}
