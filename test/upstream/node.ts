// `openclaw node run`: upstream's node, let in twice (to connect, and to be asked), and then asked by both programs.
import assert from "node:assert/strict";
import { until } from "../faux/outside/until.ts";
import { succeed } from "./house.ts";
import type { House } from "./house.ts";

const asked = '{"bins":["sh","no-such-program"]}';

export async function askNode(house: House): Promise<readonly string[]> {
  const { lorica, peer } = house;
  const words = ["node", "run", "--host", "127.0.0.1", "--port", String(lorica.port), "--display-name", "attic"];
  const node = peer.start(words, { OPENCLAW_GATEWAY_TOKEN: lorica.token });
  let said = "";
  node.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  node.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise((done) => node.once("close", done));
  try {
    const approved = await house.approve("node-host");
    const before = await lorica.run(["nodes", "invoke", "attic", "system.which", "--params", asked]);
    assert.notEqual(before.code, 0, "what the owner has not agreed to is not asked of a node");
    const requestId = await offered(house, () => said);
    const agreed = await succeed(lorica, ["nodes", "approve", requestId]);
    const ours = await succeed(lorica, ["nodes", "invoke", "attic", "system.which", "--params", asked]);
    assert.deepEqual(JSON.parse(ours), { bins: { sh: "/usr/bin/sh" } });
    peer.writeConfig({ gateway: { mode: "remote", remote: { url: house.url } } });
    const invoke = ["nodes", "invoke", "--node", "attic", "--command", "system.which", "--params", asked, "--json"];
    const theirs = await peer.run(...invoke);
    assert.equal(theirs.code, 0, theirs.stderr);
    const { payload } = JSON.parse(theirs.stdout) as { readonly payload: unknown };
    assert.deepEqual(payload, { bins: { sh: "/usr/bin/sh" } });
    return [
      approved,
      agreed,
      `lorica nodes invoke attic system.which: ${JSON.stringify(JSON.parse(ours))}`,
      `openclaw nodes invoke --node attic --command system.which: ${JSON.stringify(payload)}`,
    ];
  } finally {
    node.kill("SIGKILL");
    await ended;
  }
}

/** The request in which the node says what it can do, once it is connected. */
async function offered({ lorica }: House, said: () => string): Promise<string> {
  type Listed = { readonly pending: readonly { readonly requestId: string }[] };
  let requestId: string | undefined;
  await until("the node says what it can do", async () => {
    const { pending } = JSON.parse(await succeed(lorica, ["nodes", "list", "--json"])) as Listed;
    requestId = pending[0]?.requestId;
    return requestId !== undefined;
  }).catch((cause: unknown) => {
    throw new Error(`the node said: ${said()}`, { cause });
  });
  return requestId ?? "";
}
