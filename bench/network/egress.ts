// The way out: what a fresh request over TLS costs through a cell's proxy, beside the same one made directly. Runs
// alternate, so that a busy machine slows both sides. Client, proxy and far side share one process here, which makes the
// proxy look dearer than it is to a cell.
import { once } from "node:events";
import { connect } from "node:tls";
import { allow, egressFor, publicAddress, withWayOut } from "../../test/faux/network/way-out.ts";
import { fetchThrough, sayOn } from "../../test/faux/network/through.ts";
import { figure, percentile } from "../harness.ts";

const runs = 200;
const names = { "example.com": [publicAddress], "api.example.com": [publicAddress] };
const rules = egressFor(allow("example.com"), allow("api.example.com", { methods: ["GET"] }));

await withWayOut(rules, { names }, async ({ port, far, certificate }) => {
  const direct: number[] = [];
  const tunnelled: number[] = [];
  const ended: number[] = [];
  for (let run = 0; run < runs + 20; run++) {
    const times = [
      await timed(() => askDirectly(far.port, far.certificate)),
      await timed(() => fetchThrough(port, { place: "example.com:443", ca: far.certificate })),
      await timed(() => fetchThrough(port, { place: "api.example.com:443", ca: certificate })),
    ];
    // The first ones warm all sides.
    if (run < 20) continue;
    for (const [at, list] of [direct, tunnelled, ended].entries()) list.push(times[at] ?? 0);
  }
  const base = percentile(direct, 0.5);
  figure("fresh TLS request, directly, p50", [base, "ms"]);
  figure("fresh TLS request, through the proxy, p50", [percentile(tunnelled, 0.5) / base, "times"], { atMost: 1.5 });
  figure("where the broker ends the TLS, p50", [percentile(ended, 0.5) / base, "times"]);
});

async function timed(ask: () => Promise<string>): Promise<number> {
  const startedAt = performance.now();
  const answer = await ask();
  if (!answer.includes("200 OK")) throw new Error(`no answer: ${answer}`);
  return performance.now() - startedAt;
}

async function askDirectly(port: number, ca: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, servername: "example.com", ca });
  await once(socket, "secureConnect");
  const answer = await sayOn(socket, "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n");
  socket.destroy();
  return answer;
}
