// An edit of the config file: made on the text, so that comments stay, and judged as a whole before it is written.
import { LoricaError } from "../../base/errors.ts";
import type { Edit } from "../edit/edit.ts";
import type { ConfigFileOptions, EditOptions, EditResult } from "../file.ts";
import type { Loaded, LoadedConfig } from "../load.ts";
import type { Issue } from "../read/issue.ts";
import type { Keeping } from "./keeping.ts";
import { nameCredential, otherSecrets } from "../guard/approval.ts";
import { changesBetween } from "./store.ts";
import { readVersion } from "./versions.ts";

type Editing = ConfigFileOptions & Keeping;

export async function editOnce(edits: readonly Edit[], about: EditOptions, editing: Editing): Promise<EditResult> {
  const { judge, store, guard, approval } = editing;
  const held = await guard.screen();
  const { present, files } = await textInForce(held, editing);
  const before = await judge(present, files);
  requireBase(before.hash, about.baseHash);
  const edited = await editText(present, edits, editing);
  if ("issues" in edited) return { kind: "refused", issues: edited.issues };
  const next = new TextEncoder().encode(edited.text);
  if (held.kind === "invalid")
    await refuseStowaways({ before: await approval.config(), after: await judge(next), edits });
  return store.save({ present, before, next, files, secrets: edited.secrets, ...about });
}

type InForce = {
  readonly present: Uint8Array | undefined;
  /** Its includes as they were approved. */
  readonly files: ReadonlyMap<string, Uint8Array> | undefined;
};

/**
 * What an edit is made on. Not what lies there, which others may have written since it was judged, or keep writing; an
 * invalid file is what its owner wants to mend.
 */
export async function textInForce(
  held: Loaded,
  { approval, paths }: Pick<Editing, "approval" | "paths">,
): Promise<InForce> {
  const version = held.kind === "loaded" ? await approval.version() : undefined;
  if (version === undefined) return { present: await readVersion(paths.configPath), files: undefined };
  return { present: version.files.get(paths.configPath), files: version.files };
}

/** What else an invalid file says has not been judged yet, and must not come into force with the edit that mends it. */
async function refuseStowaways(change: {
  readonly before: LoadedConfig | undefined;
  readonly after: Loaded;
  readonly edits: readonly Edit[];
}): Promise<void> {
  const { before, after, edits } = change;
  if (before === undefined || after.kind === "invalid") return;
  const { widensByHand } = await import("../widen.ts");
  const changes = await changesBetween(before, after);
  const own = edits.map(({ path }) => path.join("."));
  const others = widensByHand({ before: before.written, after: after.written, changes }).filter(
    (path) => !own.some((key) => path === key || path.startsWith(`${key}.`)),
  );
  const typed = JSON.stringify(edits);
  const isOwn = (name: string): boolean => typed.includes(JSON.stringify(after.secrets.get(name)));
  const credentials = otherSecrets(before, after).filter((name) => !isOwn(name));
  const all = [...others, ...credentials.map(nameCredential)];
  if (all.length === 0) return;
  throw new LoricaError(
    "conflict",
    `the file was also edited by hand, and that could give somebody more than before: ${all.join(", ")}. Correct the file first and run: lorica config accept; or go back with: lorica config rollback`,
  );
}

export function requireBase(present: string, base: string | undefined): void {
  if (base === undefined || base === present) return;
  throw new LoricaError(
    "conflict",
    "the config file has changed since it was read. Read it again, then repeat the change.",
    { details: { hash: present } },
  );
}

type Edited = { readonly text: string; readonly secrets: ReadonlyMap<string, string> };

/** The edited text, or the reasons why the file as it is cannot be edited. */
async function editText(
  present: Uint8Array | undefined,
  edits: readonly Edit[],
  { paths, env, keepSecret }: ConfigFileOptions,
): Promise<Edited | { readonly issues: readonly Issue[] }> {
  const { createFindings } = await import("../read/issue.ts");
  const { parseTree } = await import("../read/tree.ts");
  const { applyEdits } = await import("../edit/edit.ts");
  const { createEditing } = await import("../edit/resolve.ts");
  const { separateSecrets } = await import("../edit/separate.ts");
  const text = present === undefined ? "" : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(present);
  const findings = createFindings();
  if (text.trim() !== "") parseTree(text, paths.configPath, findings);
  if (findings.issues.length > 0) return { issues: findings.issues };
  const editing = await createEditing(paths.dotEnvPath, env);
  // A reference that is written back as what it stands for is not a new secret.
  const separated =
    keepSecret === undefined
      ? { edits, secrets: new Map<string, string>(), issues: [] }
      : separateSecrets(text, edits, editing);
  if (separated.issues.length > 0) return { issues: separated.issues };
  return { text: applyEdits(text, separated.edits, editing), secrets: separated.secrets };
}
