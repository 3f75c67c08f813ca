// Files and images on their way into a message.

export type Attachment = { readonly id: string; readonly file: File; readonly isImage: boolean };

export type EncodedFile = {
  readonly fileName: string;
  readonly mimeType: string;
  readonly content: string;
  readonly sizeBytes: number;
};

/** What the gateway takes; for the rest it would only refuse. */
const filesMax = 16;

/** Browsers know few types of text files by name. */
const textTypes: Readonly<Record<string, string>> = {
  csv: "text/csv",
  htm: "text/html",
  html: "text/html",
  json: "application/json",
  log: "text/plain",
  md: "text/markdown",
  pdf: "application/pdf",
  txt: "text/plain",
};

export function addFiles(
  before: readonly Attachment[],
  files: Iterable<File>,
  bytesMax: number,
): { readonly attachments: readonly Attachment[]; readonly refused: readonly string[] } {
  const attachments = [...before];
  const refused: string[] = [];
  let bytes = before.reduce((sum, { file }) => sum + file.size, 0);
  for (const file of files) {
    if (attachments.length >= filesMax || bytes + file.size > bytesMax) {
      refused.push(file.name);
      continue;
    }
    bytes += file.size;
    attachments.push({ id: crypto.randomUUID(), file, isImage: /^image\/(?:png|jpeg|gif|webp)$/.test(file.type) });
  }
  return { attachments, refused };
}

/** How many bytes of files fit one frame: base64 makes four characters of three bytes, and the text wants room, too. */
export function attachmentBytesMax(frameMaxBytes: number): number {
  return Math.max(0, Math.floor(((frameMaxBytes - 1_048_576) * 3) / 4));
}

export async function encodeFile({ file }: Attachment): Promise<EncodedFile> {
  const ending = /\.(\w+)$/.exec(file.name)?.[1]?.toLowerCase() ?? "";
  const mimeType = file.type.startsWith("image/") ? file.type : (textTypes[ending] ?? (file.type || "text/plain"));
  const content = new Uint8Array(await file.arrayBuffer()).toBase64();
  return { fileName: file.name.slice(0, 255) || "file", mimeType, content, sizeBytes: file.size };
}
