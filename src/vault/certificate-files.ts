// Reads the certificate and its key from where the config says they are.
import { open, realpath } from "node:fs/promises";
import { LoricaError } from "../base/errors.ts";
import { readPrivateFile } from "../base/files/private-file.ts";
import { limits } from "../base/limits.ts";
import { expandHome } from "../config/config.ts";
import type { TlsPair } from "../network/network.ts";

export async function readPair(
  home: string,
  paths: { readonly certPath: string; readonly keyPath: string },
): Promise<TlsPair> {
  const read = async (path: string, isSecret: boolean): Promise<string> => {
    // Tools that renew certificates leave links to the newest; what is judged is the file itself.
    const file = await realpath(expandHome(path, home)).catch((cause: unknown) => {
      throw new LoricaError("config_invalid", `gateway.tls names ${path}, which is not there or not readable`, {
        cause,
      });
    });
    const text = isSecret
      ? await readPrivateFile(file, limits.certificateMaxBytes)
      : await readPublicFile(file, limits.certificateMaxBytes);
    if (text !== undefined) return text;
    throw new LoricaError("config_invalid", `gateway.tls names ${path}, which is not there`);
  };
  return { cert: await read(paths.certPath, false), key: await read(paths.keyPath, true) };
}

async function readPublicFile(path: string, bytesMax: number): Promise<string> {
  const file = await open(path, "r");
  try {
    if ((await file.stat()).size > bytesMax)
      throw new LoricaError("too_large", `${path} is larger than ${bytesMax} bytes`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
