// A command calls a host with a credential that it never has: it writes the secret's name, the broker ends the TLS, puts the
// value in, and takes it out of the answer. The value is sought afterwards wherever another program of the user can look.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createCanary } from "../../faux/canaries/canaries.ts";
import { openForge } from "../../faux/canaries/forge.ts";
import type { Forge } from "../../faux/canaries/forge.ts";
import { belowThis, scanFiles } from "../../faux/canaries/scan.ts";
import { createSearch } from "../../faux/canaries/search.ts";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";
import { invoke } from "../../faux/outside/invoke.ts";
import { namedHere, whyNotNamedHere } from "../../faux/outside/named-here.ts";

const skip =
  process.getuid?.() === 0 ? "the product never runs as root" : (whyNoSandbox() ?? whyNotNamedHere() ?? false);
const host = "forge.example.com";

suite("a host whose TLS the broker ends", { concurrency: false, skip }, () => {
  const key = createCanary(0);
  const said = createCanary(1);
  let folder: string;
  let forge: Forge;
  let lorica: Installation;
  let broker = 0;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "lorica-forge-"));
    forge = await openForge(host, key);
    lorica = await createInstallation({ under: namedHere(folder, host) });
    const authority = join(folder, "authority.pem");
    writeFileSync(authority, forge.certificate);
    lorica.env["NODE_EXTRA_CA_CERTS"] = authority;
    const rule = {
      host: forge.place,
      private: true,
      methods: ["GET"],
      paths: ["/repos"],
      credentials: ["service:forge"],
    };
    lorica.writeConfig({ gateway: { tools: { allow: ["exec"] } }, egress: { allow: [rule] } });
    broker = (await lorica.start()).pid ?? 0;
    const bound = ["vault", "set", "service:forge", "--bind", `host=${host},path=/repos`];
    assert.equal((await lorica.run(bound, { input: `${key}\n` })).code, 0);
  });
  after(async () => {
    await lorica?.remove();
    await forge?.close();
    rmSync(folder, { recursive: true });
  });

  const call = async (path: string, authorization = "Bearer vault:service:forge"): Promise<string> => {
    const command = `curl -sS -i -H "Authorization: ${authorization}" https://${forge.place}${path}`;
    return (await invoke(lorica, "exec", { command })).text;
  };

  test("the host gets the credential, the command gets the answer without it, and both see the same otherwise", async () => {
    const shown = await call("/repos/mine");
    assert.match(shown, /HTTP\/1\.1 200[^]*the list of repositories, for Bearer /);
    assert.deepEqual(createSearch([key])(Buffer.from(shown)), []);
    assert.deepEqual(forge.seen.splice(0), [{ path: "/repos/mine", authorization: `Bearer ${key}` }]);
    // What is never counted would never be unusual either.
    const known = await lorica.run(["vault", "get", "service:forge", "--json"]);
    assert.equal((JSON.parse(known.stdout) as { readonly uses: number }).uses, 1);
  });

  test("the credential goes nowhere else on that host, and another name of a secret becomes nothing", async () => {
    assert.match(await call("/users/mine"), /HTTP\/1\.1 403/);
    assert.match(await call("/repos/mine", "Bearer vault:service:other"), /HTTP\/1\.1 403/);
    assert.deepEqual(forge.seen.splice(0), []);
    // The harmless variant of both: what is no name of a secret goes as it is.
    assert.match(await call("/repos/mine", "Bearer mine"), /HTTP\/1\.1 401[^]*nobody, for Bearer mine/);
    assert.deepEqual(forge.seen.splice(0), [{ path: "/repos/mine", authorization: "Bearer mine" }]);
  });

  test("afterwards no process but the broker and no file holds it, while the control is found in both", async () => {
    await invoke(lorica, "exec", { command: `echo ${said} > said.txt; sleep 600`, background: true });
    assert.match(await call("/repos/mine"), /HTTP\/1\.1 200/);
    const search = createSearch([key, said]);
    const scans = belowThis(search).filter(({ pid }) => pid !== broker);
    const found = [...scans.flatMap((scan) => scan.found), ...scanFiles(lorica.home, search).found];
    assert.deepEqual(
      found.filter(({ value }) => value === key),
      [],
    );
    assert.ok(found.some(({ value, where }) => value === said && where.startsWith("command line")));
    assert.ok(found.some(({ value, where }) => value === said && where.endsWith("said.txt")));
    const { stdout } = await lorica.run(["egress", "log", "--json"]);
    assert.match(stdout, /"host": ?"forge\.example\.com"/);
    assert.doesNotMatch(stdout, new RegExp(key));
  });
});
