// One broker owns a state directory: what it refuses to share, what it reads before it listens, and what it says of the
// config that it runs on. Driven from outside.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";

type Status = {
  readonly owner: {
    readonly pid: number;
    readonly config: { readonly hashOnDisk: string; readonly hashRunning: string; readonly restartNeeded: string[] };
    readonly notices: readonly string[];
  };
};

const statusOf = async (lorica: Installation): Promise<Status["owner"]> =>
  (JSON.parse((await lorica.run(["status", "--json"])).stdout) as Status).owner;

async function answers(lorica: Installation, token: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${lorica.port}/v1/models`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await response.arrayBuffer();
  return response.status;
}

suite("one state directory", { concurrency: false }, () => {
  let lorica: Installation;
  const hashOnDisk = (): string =>
    createHash("sha256")
      .update(readFileSync(join(lorica.stateDir, "openclaw.json")))
      .digest("hex");
  before(async () => {
    lorica = await createInstallation();
    // The token is for the first start to make.
    delete lorica.env["OPENCLAW_GATEWAY_TOKEN"];
    lorica.writeConfig({
      discovery: { mdns: "off" },
      gateway: { http: { endpoints: { chatCompletions: { enabled: true } } } },
    });
    await lorica.start();
  });
  after(() => lorica.remove());

  test("an earlier spelling is migrated at the start, and said", async () => {
    const { notices } = await statusOf(lorica);
    assert.match(notices.join("\n"), /discovery\.mdns: is now written discovery\.mdns\.mode/);
  });

  test("GW-001 a second gateway on the same state is refused on any port, and the first one goes on", async () => {
    const { pid } = await statusOf(lorica);
    const second = await lorica.run(["gateway", "run", "--port", String(lorica.port + 1)]);
    assert.equal(second.code, 6);
    assert.match(second.stderr, new RegExp(`another gateway is using the state directory .*process ${pid}`));
    assert.equal((await statusOf(lorica)).pid, pid);
  });

  test("GW-001 a command changes state through the broker that runs, and never beside it", async () => {
    const before = hashOnDisk();
    const socket = join(lorica.stateDir, "run", "owner.sock");
    renameSync(socket, `${socket}.away`);
    const beside = [
      await lorica.run(["config", "set", "logging.level", "debug"]),
      await lorica.run(["secret", "set", "provider:openai"], { input: "a-key-that-is-not-kept" }),
      await lorica.run(["token", "create"]),
    ];
    renameSync(`${socket}.away`, socket);
    for (const { code, stderr } of beside) {
      assert.equal(code, 6, stderr);
      assert.match(stderr, /another gateway is using the state directory/);
    }
    assert.equal(hashOnDisk(), before);
    assert.equal((await lorica.run(["config", "set", "logging.level", "debug"])).code, 0);
    const [newest] = JSON.parse((await lorica.run(["config", "history", "--json"])).stdout) as { actor: string }[];
    assert.equal(newest?.actor, "owner", "written by the broker");
    assert.equal((await lorica.run(["secret", "list"])).stdout.includes("provider:openai"), false);
  });

  test("GW-046 status tells the hash on disk from the running one, whatever is done to the file", async () => {
    const until = async (wanted: (owner: Status["owner"]) => boolean): Promise<Status["owner"]> => {
      let owner = await statusOf(lorica);
      for (let tries = 0; tries < 50 && !wanted(owner); tries++) owner = await statusOf(lorica);
      return owner;
    };
    const good = readFileSync(join(lorica.stateDir, "openclaw.json"), "utf8");
    const running = hashOnDisk();
    const settled = await until(({ config }) => config.hashRunning === running);
    assert.deepEqual(settled.config, { hashOnDisk: running, hashRunning: running, restartNeeded: [] });
    lorica.writeConfig("{ gateway: { prot: 1 } }");
    const broken = await until(({ config }) => config.hashOnDisk === hashOnDisk());
    assert.deepEqual(broken.config, { hashOnDisk: hashOnDisk(), hashRunning: running, restartNeeded: [] });
    const said = await lorica.run(["status", "--all"]);
    assert.match(said.stdout, new RegExp(`running ${running.slice(0, 12)}, on disk ${hashOnDisk().slice(0, 12)}`));
    assert.match(said.stdout, /the config file is not valid; it runs on the config from before/);
    lorica.writeConfig(good);
    const restored = await until(({ config }) => config.hashOnDisk === running);
    assert.deepEqual(restored.config, settled.config);
    assert.deepEqual(restored.notices, settled.notices, "nothing is said of a mistake that is gone");
    lorica.writeConfig(`// only a comment is new\n${good}`);
    const commented = await until(({ config }) => config.hashOnDisk === hashOnDisk());
    assert.deepEqual(commented.config, { hashOnDisk: hashOnDisk(), hashRunning: hashOnDisk(), restartNeeded: [] });
  });

  test("GW-028 a token that nobody gave is made at the first start, kept over the next, and the only one that works", async () => {
    const token = (await lorica.run(["token", "show"])).stdout.trim();
    assert.match(token, /^[0-9a-f]{64,}$/);
    assert.deepEqual([await answers(lorica, token), await answers(lorica, "0".repeat(64))], [200, 401]);
    for (const noToken of ["undefined", "null"]) assert.equal(await answers(lorica, noToken), 401);
    await lorica.stop();
    assert.deepEqual(
      readdirSync(join(lorica.stateDir, "run")).filter((name) => name.endsWith(".sock")),
      [],
    );
    await lorica.start();
    assert.equal((await lorica.run(["token", "show"])).stdout.trim(), token);
    assert.equal(await answers(lorica, token), 200);
  });
});

test("GW-028 a variable that holds no token stops the start; an empty one is as none", async () => {
  const lorica = await createInstallation();
  try {
    for (const noToken of ["undefined", "null", "short"]) {
      lorica.env["OPENCLAW_GATEWAY_TOKEN"] = noToken;
      const refused = await lorica.run(["gateway", "run", "--port", String(lorica.port)]);
      assert.equal(refused.code, 78, refused.stderr);
      assert.match(refused.stderr, /OPENCLAW_GATEWAY_TOKEN.*lorica token create/s);
    }
    lorica.env["OPENCLAW_GATEWAY_TOKEN"] = "";
    await lorica.start();
    assert.match((await lorica.run(["token", "show"])).stdout, /^[0-9a-f]{64,}\n$/);
  } finally {
    await lorica.remove();
  }
});
