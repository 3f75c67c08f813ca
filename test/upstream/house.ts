// A whole Lorica, and beside it upstream's programs, which know of it only its address and its token.
import assert from "node:assert/strict";
import { createInstallation, freePort } from "../faux/installation.ts";
import type { Installation } from "../faux/installation.ts";
import { until } from "../faux/outside/until.ts";
import { createPeer } from "./peer.ts";
import type { Peer } from "./peer.ts";

export type House = {
  readonly lorica: Installation;
  readonly peer: Peer;
  readonly url: string;
  /** Where a page of upstream's is served from; the config lets it in. */
  readonly pagePort: number;
  /** Waits until a device asks to be let in, and lets it in as its owner does. What the command printed. */
  approve(clientId: string): Promise<string>;
  close(): Promise<void>;
};

export async function openHouse(): Promise<House> {
  const peer = createPeer();
  const lorica = await createInstallation();
  const pagePort = await freePort();
  lorica.writeConfig({ gateway: { controlUi: { allowedOrigins: [`http://127.0.0.1:${pagePort}`] } } });
  await lorica.start();
  return {
    lorica,
    peer,
    pagePort,
    url: `ws://127.0.0.1:${lorica.port}`,
    async approve(clientId) {
      let requestId: string | undefined;
      await until(`a device asks to be let in as ${clientId}`, async () => {
        requestId = (await waiting(lorica)).find((one) => one.clientId === clientId)?.requestId;
        return requestId !== undefined;
      });
      return await succeed(lorica, ["devices", "approve", requestId ?? ""]);
    },
    async close() {
      await lorica.remove();
      peer.remove();
    },
  };
}

type Waiting = { readonly requestId: string; readonly clientId: string };

async function waiting(lorica: Installation): Promise<readonly Waiting[]> {
  const listed = await succeed(lorica, ["devices", "list", "--json"]);
  return (JSON.parse(listed) as { readonly pending: readonly Waiting[] }).pending;
}

/** A command of ours that has to end well. */
export async function succeed(lorica: Installation, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await lorica.run(words);
  assert.equal(code, 0, `lorica ${words.join(" ")}: ${stderr}`);
  return stdout.trim();
}
