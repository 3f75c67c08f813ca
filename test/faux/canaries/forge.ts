// A host that commands call with a credential, over TLS that its own authority vouches for. It checks what it is called
// with, keeps it, and repeats it in its answer.
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createAuthority } from "../../../src/egress/authority/authority.ts";

export type Forge = {
  /** As a rule names it. */
  readonly place: string;
  /** Of its authority, as PEM: whoever calls it has to trust this. */
  readonly certificate: string;
  readonly seen: { readonly path: string; readonly authorization: string }[];
  close(): Promise<void>;
};

export async function openForge(host: string, key: string): Promise<Forge> {
  const authority = createAuthority([{ kind: "exact", name: host }], Date.now());
  const seen: Forge["seen"] = [];
  const server = createServer(authority.leaf(host), (request, response) => {
    const authorization = request.headers.authorization ?? "none";
    seen.push({ path: request.url ?? "", authorization });
    const isKnown = authorization === `Bearer ${key}`;
    response.writeHead(isKnown ? 200 : 401, { "x-you-sent": authorization });
    response.end(`${isKnown ? "the list of repositories" : "nobody"}, for ${authorization}\n`);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    place: `${host}:${(server.address() as AddressInfo).port}`,
    certificate: authority.certificate,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
