// What `deploy render` prints, taken by the real nginx and served once in front of a running gateway.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { WebSocket } from "ws";
import { createInstallation, freePort } from "../../faux/installation.ts";

const nginx = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"].find((path) => existsSync(path));
const hostName = "gate.example.com";

test(
  "NET-033 the real nginx takes the rendered file, and leads requests and WebSockets to the gateway at a pace",
  { skip: nginx === undefined ? "nginx is not installed" : false },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "lorica-nginx-"));
    const installation = await createInstallation();
    const [plain, secure] = [await freePort(), await freePort()];
    t.after(async () => {
      await installation.remove();
      rmSync(folder, { recursive: true, force: true });
    });
    installation.writeConfig({
      gateway: {
        port: installation.port,
        trustedProxies: ["127.0.0.1"],
        controlUi: { allowedOrigins: [`https://${hostName}`] },
      },
    });
    const rendered = (await installation.run(["deploy", "render", "nginx", "--json"])).stdout;
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", `/CN=${hostName}`, "-days", "2"];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, ...subject],
      {
        stdio: "ignore",
      },
    );
    const site = (JSON.parse(rendered) as { text: string }).text
      .replaceAll(/listen \[::\]:\d+.*\n/g, "\n")
      .replaceAll("listen 80;", `listen 127.0.0.1:${plain};`)
      .replaceAll("listen 443 ssl;", `listen 127.0.0.1:${secure} ssl;`)
      .replaceAll(/ssl_certificate_key .*;/g, `ssl_certificate_key ${key};`)
      .replaceAll(/ssl_certificate \/.*;/g, `ssl_certificate ${cert};`);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    const file = join(folder, "nginx.conf");
    const http = `http { access_log off; ${temporary.join(" ")}\n${site}}`;
    writeFileSync(file, `daemon off; pid ${folder}/pid; error_log stderr; events {}\n${http}\n`);
    execFileSync(nginx ?? "", ["-t", "-c", file, "-p", folder], { stdio: "pipe" });
    await installation.start();
    const server = spawn(nginx ?? "", ["-c", file, "-p", folder], { stdio: "ignore" });
    t.after(async () => {
      server.kill("SIGTERM");
      if (server.exitCode === null) await once(server, "exit");
    });
    const ask = (path: string) =>
      new Promise<{ status: number | undefined; hsts: unknown }>((done, failed) => {
        const headers = { host: hostName };
        const sent = request({ host: "127.0.0.1", port: secure, path, headers, rejectUnauthorized: false }, (res) => {
          res
            .resume()
            .on("end", () => done({ status: res.statusCode, hsts: res.headers["strict-transport-security"] }));
        });
        sent.on("error", failed).end();
      });
    const first = async (): Promise<Awaited<ReturnType<typeof ask>>> => {
      for (;;) {
        const answer = await ask("/health").catch(() => undefined);
        if (answer !== undefined) return answer;
        assert.equal(server.exitCode, null);
      }
    };
    const healthy = await first();
    assert.equal(healthy.status, 200);
    // Said only to whom a trusted proxy says that he came over TLS.
    assert.match(String(healthy.hsts), /max-age=63072000/);
    const socket = new WebSocket(`wss://127.0.0.1:${secure}/`, {
      headers: { host: hostName },
      rejectUnauthorized: false,
    });
    const [challenge] = (await once(socket, "message")) as [Buffer];
    assert.match(challenge.toString(), /connect\.challenge/);
    socket.terminate();
    const statuses = await Promise.all(Array.from({ length: 40 }, () => ask("/api/status")));
    assert.ok(statuses.some(({ status }) => status === 429));
  },
);

test("ID-013 docs/deploy.md is what the renderers print", () => {
  const root = join(import.meta.dirname, "../../..");
  execFileSync(process.execPath, [join(root, "tools/print-deploy.ts"), "--check"], { stdio: "pipe" });
});
