// `vault encrypt`, `decrypt`, `import` and `export`: files in and out. Where a plain text goes is the owner's to say; a file
// is made for its owner alone.
import { open } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { errnoOf, LoricaError } from "../../../base/errors.ts";
import { renderCount } from "../../../base/text/count.ts";
import type { Invocation } from "../../context.ts";
import { readBytes, readInput } from "../../input.ts";
import { withOwner } from "../../reach.ts";

export async function encrypt(invocation: Invocation): Promise<void> {
  const plain = await given(invocation);
  const { sealed } = await withOwner(invocation, (owner) =>
    owner.call("vault.encrypt", { plain: plain.toString("base64"), ...sealing(invocation) }),
  );
  await put(invocation, Buffer.from(sealed, "base64"));
}

export async function decrypt(invocation: Invocation): Promise<void> {
  const sealed = await given(invocation);
  const identity = await identityFile(invocation);
  const { plain } = await withOwner(invocation, (owner) =>
    owner.call("vault.decrypt", { sealed: sealed.toString("base64"), ...identity }),
  );
  await put(invocation, Buffer.from(plain, "base64"));
}

export async function importSecrets(invocation: Invocation): Promise<void> {
  const { io, options, args, context } = invocation;
  const text = await readInput(context, args[0] ?? "-");
  const identity = await identityFile(invocation);
  const [replace, dryRun] = [options.flag("replace"), options.flag("dryRun")];
  const result = await withOwner(invocation, (owner) =>
    owner.call("vault.import", { text, replace, dryRun, ...identity }),
  );
  io.result(result, () => {
    const done = dryRun ? "would be stored" : "stored";
    for (const name of result.stored) io.line(`${done} ${name}`);
    for (const name of result.kept) io.line(`kept ${name}: it is stored already (--replace takes the file's)`);
    for (const { name, why } of result.skipped) io.line(`left out ${name}: ${why}`);
    if (result.stored.length > 0 && !dryRun)
      io.note(
        `the ${result.format} file still holds them in plain text, unless it is sealed: remove it, also from backups`,
      );
  });
}

export async function exportSecrets(invocation: Invocation): Promise<void> {
  const format = invocation.options.choice("format", ["age", "sops"]) ?? "age";
  const { sealed, secrets } = await withOwner(invocation, (owner) =>
    owner.call("vault.export", { format, ...sealing(invocation) }),
  );
  await put(invocation, Buffer.from(sealed, "base64"));
  invocation.io.note(`${renderCount(secrets, "secret")}, sealed`);
}

async function given({ context, args }: Invocation): Promise<Buffer> {
  return await readBytes(context, args[0] ?? "-");
}

function sealing({ options }: Invocation): { readonly to?: readonly string[]; readonly armored: boolean } {
  const to = options.text("to");
  return { armored: options.flag("armor"), ...(to === undefined ? {} : { to: to.split(",") }) };
}

async function identityFile({ options, context }: Invocation): Promise<{ readonly identity?: string }> {
  const path = options.text("identityFile");
  return path === undefined ? {} : { identity: await readInput(context, path) };
}

/** To a file that only its owner may read, and that was not there; else to stdout. */
async function put({ options, context, io }: Invocation, bytes: Buffer): Promise<void> {
  const path = options.text("output");
  if (path === undefined) {
    await new Promise<void>((done) => void context.stdout.write(bytes, () => done()));
    return;
  }
  const full = isAbsolute(path) ? path : join(context.callerDirectory ?? process.cwd(), path);
  try {
    const file = await open(full, "wx", 0o600);
    await file.writeFile(bytes).finally(() => file.close());
  } catch (cause) {
    const exists = errnoOf(cause) === "EEXIST";
    throw new LoricaError(
      exists ? "conflict" : "forbidden",
      exists ? `${path} is there already` : `${path} cannot be written: ${errnoOf(cause) ?? "unknown error"}`,
      { cause },
    );
  }
  io.result({ path, bytes: bytes.length }, () => io.line(`wrote ${path}`));
}
