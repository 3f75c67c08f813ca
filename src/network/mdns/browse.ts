// The looking process: asks the local network for gateways, prints each that answers as a line of JSON, and ends. It has
// what the announcing one has: the network, and nothing else.
import { createSocket } from "node:dgram";
import { encodeQuestion, parseAnswer } from "./packet.ts";
import type { DnsRecord } from "./packet.ts";

const { waitMs, addresses } = JSON.parse(process.argv[2] ?? "{}") as { waitMs: number; addresses: readonly string[] };
const service = "_openclaw-gw._tcp.local";
const [group, port] = ["224.0.0.251", 5_353] as const;
const gatewaysMax = 64;
const printed = new Set<string>();

for (const address of addresses) {
  const socket = createSocket({ type: "udp4" });
  socket.on("message", (packet) => print(parseAnswer(packet) ?? []));
  socket.on("error", (error) => process.stderr.write(`${error.message}\n`));
  socket.bind(0, address, () => {
    socket.setMulticastInterface(address);
    socket.send(encodeQuestion(service), port, group);
  });
}
setTimeout(() => process.exit(0), waitMs);

function print(records: readonly DnsRecord[]): void {
  for (const pointer of records) {
    if (pointer.kind !== "pointer" || pointer.name.toLowerCase() !== service || printed.size >= gatewaysMax) continue;
    const found = records.find((record) => record.kind === "service" && record.name === pointer.target);
    const text = records.find((record) => record.kind === "text" && record.name === pointer.target);
    if (printed.has(pointer.target) || found?.kind !== "service") continue;
    printed.add(pointer.target);
    const name = pointer.target.slice(0, -service.length - 1);
    const values = text?.kind === "text" ? text.values : {};
    process.stdout.write(`${JSON.stringify({ name, host: found.host, port: found.port, txt: values })}\n`);
  }
}
