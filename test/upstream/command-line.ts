// Upstream's commands that ask a gateway: with the token that their device was given, and with the gateway's own alone.
import assert from "node:assert/strict";
import type { House } from "./house.ts";
import type { Printed } from "./peer.ts";

/** What a user of upstream's command line writes down once; the device's own token is kept by it. */
function pointAt(house: House): void {
  house.peer.writeConfig({ gateway: { mode: "remote", remote: { url: house.url } } });
}

async function printed(house: House, words: readonly string[]): Promise<Printed> {
  const ran = await house.peer.run(...words);
  assert.equal(ran.code, 0, `openclaw ${words.join(" ")}: ${ran.stdout} ${ran.stderr}`);
  return ran;
}

/** What comes after the line that says what was called. */
const jsonIn = (text: string): Readonly<Record<string, unknown>> =>
  JSON.parse(text.slice(text.indexOf("{"))) as Readonly<Record<string, unknown>>;

export async function callHealth(house: House): Promise<readonly string[]> {
  pointAt(house);
  const called = jsonIn((await printed(house, ["gateway", "call", "health"])).stdout);
  assert.equal(called["ok"], true);
  const { stdout } = await printed(house, ["health"]);
  assert.match(stdout, /^Agents: main \(default\)$/m);
  return [
    `gateway call health: ok ${String(called["ok"])}, defaultAgentId ${String(called["defaultAgentId"])}`,
    stdout,
  ];
}

export async function callStatus(house: House): Promise<readonly string[]> {
  pointAt(house);
  const called = jsonIn((await printed(house, ["gateway", "call", "status"])).stdout);
  assert.equal(called["phase"], "accepting");
  const { stdout } = await printed(house, ["status"]);
  const reached = /^│ Gateway .*$/m.exec(stdout)?.[0] ?? "";
  assert.match(reached, new RegExp(`remote · ${house.url}.* · reachable `));
  return [
    `gateway call status: phase accepting, runtimeVersion ${String(called["runtimeVersion"])}`,
    reached.replace(/ +│$/, "").replace(/^│ /, ""),
  ];
}

export async function runAgent(house: House): Promise<readonly string[]> {
  pointAt(house);
  const { stdout } = await printed(house, ["agent", "--agent", "main", "--message", "hello"]);
  assert.match(stdout, /rehearsal model – not an AI/);
  const call = async (key: string, ...more: readonly string[]) => {
    const params = JSON.stringify({ message: "hello", idempotencyKey: key });
    return jsonIn((await printed(house, ["gateway", "call", "agent", "--params", params, ...more])).stdout);
  };
  const accepted = await call("upstream-accepted");
  assert.deepEqual([accepted["runId"], accepted["status"]], ["upstream-accepted", "accepted"]);
  const final = await call("upstream-final", "--expect-final");
  assert.deepEqual([final["runId"], final["status"], final["summary"]], ["upstream-final", "ok", "completed"]);
  return [stdout, `gateway call agent: ${String(accepted["status"])}, then ${String(final["status"])}`];
}

/** Lists of what there is; each of them is one method that the page and others lean on, too. */
export async function listThings(house: House): Promise<readonly string[]> {
  pointAt(house);
  const lists = [
    ["devices", "list"],
    ["nodes", "status"],
    ["cron", "list"],
    ["channels", "status"],
    ["system", "presence"],
  ];
  const lines: string[] = [];
  for (const words of lists) {
    const { stdout } = await printed(house, words);
    lines.push(`${words.join(" ")}: ${stdout.replace(/\s+/g, " ").trim().slice(0, 100)}`);
  }
  return lines;
}

/** On purpose: on the same machine this client leaves its device out where it is told a token, and a token is no device. */
export async function tokenAlone(house: House): Promise<readonly string[]> {
  const words = ["gateway", "call", "health", "--url", house.url, "--token", house.lorica.token];
  const { code, stderr, stdout } = await house.peer.run(...words);
  assert.notEqual(code, 0);
  assert.match(`${stdout}${stderr}`, /missing scope: operator\.read/);
  return [`${stdout}${stderr}`];
}
