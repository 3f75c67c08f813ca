// What the whole installation connects to and listens on, as the kernel is asked for it: every process runs under strace.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { startFauxProvider } from "../../faux/provider.ts";
import type { FauxProvider } from "../../faux/provider.ts";
import { createTrace, whyNotTraced } from "./strace.ts";
import type { Trace } from "./strace.ts";

const routeAskedFor = 'sin_port=htons(9), sin_addr=inet_addr("192.0.2.1")';

/** What was done to addresses that are not this machine's own. */
function wayOut(calls: readonly string[]): readonly string[] {
  return calls.filter((line) => {
    if (/ send\w+\(\d+<UDP:\[[^\]]*->192\.0\.2\.1:9\]>/.test(line)) return true;
    const family = /sa_family=(AF_\w+)/.exec(line)?.[1];
    if (family === undefined || !/ (connect|send\w+)\(/.test(line)) return false;
    // The boot probe asks for a route, which sends nothing: without a network the answer is that there is none.
    if (/ connect\(\d+<UDP:/.test(line) && line.includes(routeAskedFor)) return false;
    if (family === "AF_INET") return !/inet_addr\("127\./.test(line);
    if (family === "AF_INET6") return !/"(::1|::ffff:127\.[\d.]+)"/.test(line);
    // Unix sockets stay on the machine, and netlink asks its kernel.
    return !["AF_UNIX", "AF_LOCAL", "AF_NETLINK", "AF_UNSPEC"].includes(family);
  });
}

const toPort = (calls: readonly string[], port: string): number =>
  calls.filter((line) => line.includes(" connect(") && line.includes(`htons(${port})`)).length;
const listens = (calls: readonly string[]): number => calls.filter((line) => line.includes(" listen(")).length;

test("only an address of this machine passes for one", () => {
  const outside = [
    '1 connect(20, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")}, 16) = -1 EINPROGRESS',
    '1 sendto(20, ""..., 40, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 40',
    '1 sendmmsg(20, [{msg_hdr={msg_name={sa_family=AF_INET6, sin6_port=htons(53), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, msg_namelen=28}}], 1, 0) = 1',
    '1 sendto(3<UDP:[192.0.2.2:1->192.0.2.1:9]>, ""..., 4, 0, NULL, 0) = 4',
    '1 connect(3<TCP:[7]>, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("192.0.2.1")}, 16) = 0',
    "1 connect(20, {sa_family=AF_PACKET, sll_protocol=htons(ETH_P_ALL)}, 20) = 0",
  ];
  const inside = [
    '1 connect(20, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
    '1 connect(20, {sa_family=AF_INET6, sin6_port=htons(9), inet_pton(AF_INET6, "::1", &sin6_addr)}, 28) = 0',
    '1 connect(20, {sa_family=AF_UNIX, sun_path="/x"}, 110) = 0',
    '1 connect(3<UDP:[7]>, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("192.0.2.1")}, 16) = 0',
    "1 sendmsg(20, {msg_name={sa_family=AF_NETLINK, nl_pid=0}, msg_namelen=12}, 0) = 20",
    '1 sendto(20, ""..., 40, 0, NULL, 0) = 40',
  ];
  assert.deepEqual(wayOut([...inside, ...outside]), outside);
});

suite("every process under strace", { concurrency: false, skip: whyNotTraced() ?? false }, () => {
  let lorica: Installation;
  let model: FauxProvider;
  let trace: Trace;
  const configFor = (primary: string): Readonly<Record<string, unknown>> => ({
    models: {
      providers: {
        near: { baseUrl: `${model.url}/v1`, api: "openai-completions", models: [{ id: "m" }] },
        // The far end of a private range, where nobody answers.
        far: {
          baseUrl: "https://10.255.255.1:9/v1",
          api: "openai-completions",
          timeoutSeconds: 1,
          models: [{ id: "m" }],
        },
      },
    },
    agents: { defaults: { model: { primary } } },
  });
  before(async () => {
    // Sends are traced for datagrams, which need not connect.
    trace = createTrace("-s", "0", "-e", "trace=connect,sendto,sendmsg,sendmmsg,bind,listen");
    model = await startFauxProvider();
    lorica = await createInstallation({ under: trace.under });
  });
  after(async () => {
    await lorica.remove();
    await model.close();
    trace.remove();
  });

  test("GW-026 a config that cannot be migrated or is not valid ends the start before any socket is opened", async () => {
    const [a, b] = ["a".repeat(64), "b".repeat(64)];
    for (const config of [
      { gateway: { auth: { token: a, secret: b } } },
      { gateway: { prot: 18789 } },
      { discovery: { mdns: "sometimes" } },
    ]) {
      lorica.writeConfig(config);
      const refused = await lorica.run(["gateway", "run", "--port", String(lorica.port)]);
      assert.equal(refused.code, 78, refused.stderr);
      assert.equal(listens(trace.look()), 0, refused.stderr);
    }
    lorica.writeConfig({ ...configFor("near/m"), discovery: { mdns: "off" } });
    await lorica.start();
    assert.ok(
      listens(trace.look()) >= 3,
      "the owner's socket, the gateway's and its port are seen where they are opened",
    );
  });

  test("LOG-007 PRV-028 with a local model nothing but this machine is connected to, from the start to the stop", async () => {
    await lorica.stop();
    trace.look();
    lorica.writeConfig(configFor("near/m"));
    await lorica.start();
    model.play([{ calls: [{ id: "c1", name: "exec", input: '{"command":"echo from-the-cell"}' }] }, { text: "done" }]);
    for (const words of [["agent", "--message", "use a tool"], ["status", "--all"], ["doctor"], ["models", "status"]])
      assert.notEqual((await lorica.run(words)).code, null);
    assert.match(model.requests.at(-1)?.body ?? "", /from-the-cell/, "the tool has run");
    await lorica.stop();
    const seen = trace.look();
    assert.ok(toPort(seen, new URL(model.url).port) > 0, "the connection to the model is seen");
    assert.deepEqual(wayOut(seen), []);
  });

  test("the same look sees a model that is elsewhere", async () => {
    lorica.writeConfig(configFor("far/m"));
    await lorica.start();
    trace.look();
    const failed = await lorica.run(["agent", "--message", "hello", "--timeout", "3"]);
    assert.notEqual(failed.code, 0);
    const seen = wayOut(trace.look());
    assert.ok(seen.length > 0);
    assert.deepEqual(
      seen.filter((line) => !line.includes('inet_addr("10.255.255.1")')),
      [],
    );
  });
});
