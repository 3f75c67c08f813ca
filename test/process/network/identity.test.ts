// What a provider really sees of who calls, recorded by a server.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";

test("ID-012 GAP-036 a provider sees the identity that the config gives, and `identity show` says the same", async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((req, res) => {
    seen.push(req.headers);
    res.writeHead(401, { "content-type": "application/json" }).end('{"error":{"message":"no"}}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const installation = await createInstallation();
  t.after(async () => {
    await installation.remove();
    server.close();
  });
  installation.writeConfig({
    identity: { userAgent: "my-house/2" },
    models: {
      providers: {
        here: { baseUrl: `http://127.0.0.1:${port}/v1`, api: "openai-completions", models: [{ id: "m" }] },
      },
    },
    agents: { defaults: { model: { primary: "here/m" } } },
  });
  await installation.start();
  await installation.run(["agent", "-m", "hi"]);
  assert.ok(seen.length > 0);
  const named = ["user-agent", "http-referer", "x-title", "mm-api-source", "x-goog-api-client", "origin", "via"];
  assert.deepEqual(
    seen.map((headers) =>
      Object.fromEntries(named.flatMap((name) => (name in headers ? [[name, headers[name]]] : []))),
    ),
    seen.map(() => ({ "user-agent": "my-house/2" })),
  );
  const shown = await installation.run(["identity", "show", "--json"]);
  assert.deepEqual(JSON.parse(shown.stdout), {
    hosts: [{ host: `127.0.0.1:${port}`, headers: { "user-agent": "my-house/2" } }],
  });
});
