// The gateway published through Tailscale, with a `tailscale` program that keeps state and checks what it is told.
import assert from "node:assert/strict";
import { request } from "node:http";
import { delimiter } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { createTailscale, findProgram } from "../../../src/network/tailscale/tailscale.ts";
import { runProgram } from "../../../src/broker/broker.ts";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { createFauxTailscale } from "../../faux/network/tailscale.ts";
import type { FauxTailscale } from "../../faux/network/tailscale.ts";

const signal = new AbortController().signal;
let faux: FauxTailscale;
let installation: Installation;

before(async () => {
  faux = createFauxTailscale({ people: { "100.64.0.9": "me@example.com", "100.64.0.10": "you@example.com" } });
  installation = await createInstallation();
  installation.env["PATH"] = [faux.folder, installation.env["PATH"]].join(delimiter);
});

afterEach(() => installation.stop());

after(async () => {
  await installation.remove();
  faux.remove();
});

function tailscaleOf(program: FauxTailscale) {
  const file = findProgram("tailscale", `relative:${program.folder}`);
  assert.equal(file, `${program.folder}/tailscale`);
  return createTailscale((args, until) => runProgram(file, args, until));
}

test("NET-006 NET-009 serve is set as its guide says, read back, and taken back where it is ours", async (t) => {
  const own = createFauxTailscale();
  t.after(own.remove);
  const tailscale = tailscaleOf(own);
  const publication = { mode: "serve", httpsPort: 443, port: 18_789 } as const;
  assert.equal(await tailscale.publish(publication, signal), "box.tail1234.ts.net");
  assert.deepEqual(own.calls(), [
    "status --json",
    "serve status --json",
    "serve --bg --https=443 127.0.0.1:18789",
    "serve status --json",
  ]);
  assert.deepEqual(own.environment(), [""]);
  assert.equal(await tailscale.withdraw({ ...publication, port: 1 }, signal), false);
  assert.deepEqual(own.state().serving, { "443": { target: "127.0.0.1:18789", isPublic: false } });
  assert.equal(await tailscale.withdraw(publication, signal), true);
  assert.deepEqual(own.state().serving, {});
});

test("NET-008 a funnel is public, and a serve that turned out public is closed again", async (t) => {
  const own = createFauxTailscale();
  t.after(own.remove);
  const tailscale = tailscaleOf(own);
  await tailscale.publish({ mode: "funnel", httpsPort: 8_443, port: 18_789 }, signal);
  assert.deepEqual(own.state().serving, { "8443": { target: "127.0.0.1:18789", isPublic: true } });
  own.change({ refusal: "opens too much", serving: {} });
  await assert.rejects(tailscale.publish({ mode: "serve", httpsPort: 443, port: 18_789 }, signal), /was taken back/);
  assert.deepEqual(own.state().serving, {});
});

test("what goes wrong with Tailscale is said with what to do about it", async (t) => {
  const own = createFauxTailscale();
  t.after(own.remove);
  const tailscale = tailscaleOf(own);
  const failing = async (change: Parameters<FauxTailscale["change"]>[0], message: RegExp) => {
    own.change({ backend: "Running", serving: {}, ...change });
    await assert.rejects(tailscale.publish({ mode: "serve", httpsPort: 443, port: 18_789 }, signal), message);
  };
  await failing({ backend: "NeedsLogin" }, /not connected \(NeedsLogin\)\. Connect it: tailscale up/);
  await failing({ refusal: "denied" }, /sudo tailscale set --operator=\$USER/);
  await failing({ refusal: "not enabled" }, /switch it on at https:\/\/login\.tailscale\.com\/f\/serve\?node=abc$/);
  await failing({ refusal: "broken" }, /printed something else/);
  const taken = { "443": { target: "127.0.0.1:3000", isPublic: false } };
  await failing({ refusal: "none", serving: taken }, /already leads to 127\.0\.0\.1:3000/);
  assert.deepEqual(own.state().serving, taken);
});

type Answer = { readonly status: number | undefined; readonly body: string };

function ask(headers: Readonly<Record<string, string>>, path = "/"): Promise<Answer> {
  return new Promise((done, failed) => {
    const sent = request({ host: "127.0.0.1", port: installation.port, path, headers }, (res) => {
      let body = "";
      res.setEncoding("utf8").on("data", (text: string) => (body += text));
      res.on("end", () => done({ status: res.statusCode, body }));
    });
    sent.on("error", failed).end();
  });
}

type Status = { owner: { network: { tailscale: { state: string; url: string | null; reason: string | null } } } };

async function published(): Promise<Status["owner"]["network"]["tailscale"]> {
  for (;;) {
    const ran = await installation.run(["status", "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    const { tailscale } = (JSON.parse(ran.stdout) as Status).owner.network;
    if (tailscale.state !== "starting") return tailscale;
  }
}

test("NET-006 NET-009 guide 1: the gateway is published while it runs, answers to its name, and goes with it", async () => {
  installation.writeConfig({
    gateway: {
      bind: "loopback",
      tailscale: { mode: "serve", resetOnExit: true },
      auth: { allowTailscale: true },
    },
  });
  await installation.start();
  assert.deepEqual(await published(), {
    mode: "serve",
    state: "published",
    url: "https://box.tail1234.ts.net",
    reason: null,
  });
  assert.deepEqual(faux.state().serving, { "443": { target: `127.0.0.1:${installation.port}`, isPublic: false } });
  const through = {
    host: "box.tail1234.ts.net",
    "x-forwarded-for": "100.64.0.9",
    "x-forwarded-host": "box.tail1234.ts.net",
    "x-forwarded-proto": "https",
  };
  assert.equal((await ask(through, "/api/status")).status, 401);
  assert.equal((await ask({ ...through, host: "elsewhere.example" }, "/api/status")).status, 421);
  const link = await installation.run(["dashboard", "--json"]);
  assert.match(link.stdout, /https:\/\/box\.tail1234\.ts\.net\/#/);
  await installation.stop();
  assert.deepEqual(faux.state().serving, {});
});

test("a Tailscale that cannot publish costs nothing else, and the status says what to do", async () => {
  faux.change({ backend: "Stopped" });
  await installation.start();
  const found = await published();
  assert.deepEqual([found.state, found.url], ["failed", null]);
  assert.match(found.reason ?? "", /tailscale up/);
  assert.equal((await ask({}, "/health")).status, 200);
  faux.change({ backend: "Running" });
});

test("NET-008 a funnel without a password does not start", async () => {
  const ran = await installation.run(["gateway", "run", "--tailscale", "funnel", "--port", String(installation.port)]);
  assert.equal(ran.code, 78);
  assert.match(ran.stderr, /needs gateway\.auth\.mode "password"/);
});
