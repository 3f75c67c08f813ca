// Age files as text.

const begin = "-----BEGIN AGE ENCRYPTED FILE-----";
const end = "-----END AGE ENCRYPTED FILE-----";

export function armor(sealed: Buffer): string {
  const lines = sealed.toString("base64").match(/.{1,64}/g) ?? [];
  return `${[begin, ...lines, end].join("\n")}\n`;
}

/** The bytes, also where they are not armored. */
export function dearmor(bytes: Buffer): Buffer {
  const text = bytes
    .subarray(0, begin.length + 64)
    .toString("latin1")
    .trimStart();
  if (!text.startsWith(begin)) return bytes;
  const body = bytes.toString("latin1").replace(begin, "").replace(end, "");
  return Buffer.from(body.replace(/\s/g, ""), "base64");
}
