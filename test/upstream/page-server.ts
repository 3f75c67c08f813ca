// Serves upstream's page the way its own gateway does, from another port than ours: files, and the page itself for every
// path that is none.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { extname, join, normalize } from "node:path";

const kinds: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
};

export async function servePage(folder: string, port: number): Promise<Server> {
  const server = createServer((req, res) => {
    const { pathname } = new URL(req.url ?? "/", "http://page");
    const name = extname(pathname) === "" ? "/index.html" : pathname;
    const file = join(folder, normalize(`/${name}`));
    void answer(folder, file).then(
      (body) => res.writeHead(200, { "content-type": kinds[extname(file)] ?? "application/octet-stream" }).end(body),
      () => res.writeHead(404).end(),
    );
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  return server;
}

async function answer(folder: string, file: string): Promise<Buffer | string> {
  if (file !== join(folder, "index.html")) return await readFile(file);
  // Its references are relative, and it is also the answer to /chat/main.
  const page = await readFile(file, "utf8");
  return page.replace("<head>", '<head><base href="/">');
}
