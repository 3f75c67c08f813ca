// What `egress render nftables` prints, loaded into a real kernel, and packets that are let through or are not. Two networks
// of their own with a cable between them: near is this machine, far answers at every address and port that is tried.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { renderEgressFilter } from "../../../src/deploy/deploy.ts";

/** `tcp|udp address port`. Public addresses are those kept for documentation. */
const allowed = [
  "tcp 203.0.113.5 443",
  "tcp 203.0.113.5 8443",
  "tcp 2001:db8:1::5 443",
  "udp 203.0.113.5 53",
  "tcp 203.0.113.5 53",
  // A name server may well be in the network around.
  "udp 192.168.0.5 53",
  "tcp 127.0.0.1 18789",
  "tcp ::1 18789",
];
const refused = [
  "tcp 203.0.113.5 80",
  "tcp 203.0.113.5 22",
  "tcp 2001:db8:1::5 80",
  "udp 203.0.113.5 443",
  "udp 203.0.113.5 9999",
  "udp 2001:db8:1::5 443",
  "tcp 10.0.0.5 443",
  "tcp 100.64.0.5 443",
  "tcp 169.254.169.254 443",
  "tcp 172.16.0.5 443",
  "tcp 192.168.0.5 443",
  "tcp fd00::5 443",
  "tcp fe80::2%near 443",
];
const all = [...allowed, ...refused];

const path = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
const skip = whyNoNetwork() ?? false;
let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "lorica-packets-"));
});
after(() => rmSync(scratch, { recursive: true, force: true }));

function whyNoNetwork(): string | undefined {
  for (const program of ["nft", "ip", "unshare", "python3"])
    if (!["/usr/sbin", "/usr/bin", "/sbin", "/bin"].some((folder) => existsSync(join(folder, program))))
      return `UNKNOWN: ${program} is not installed`;
  const made = spawnSync("unshare", ["-rn", "nft", "add table inet tried"], { env: path, encoding: "utf8" });
  return made.status === 0 ? undefined : `UNKNOWN: this kernel gives nobody a packet filter: ${made.stderr.trim()}`;
}

/** Answers everybody who calls, until its input ends. */
const far = `
import socket, sys, threading
def tcp(family, address, port):
    server = socket.create_server((address, port), family=family, backlog=64)
    while True:
        one, _ = server.accept()
        one.sendall(b"here"); one.close()
def udp(family, address, port):
    server = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6: server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    server.bind((address, port))
    while True:
        _, whom = server.recvfrom(64)
        server.sendto(b"here", whom)
def serve(family, address):
    for port in (22, 53, 80, 443, 8443, 18789): threading.Thread(target=tcp, args=(family, address, port), daemon=True).start()
    for port in (53, 443, 9999): threading.Thread(target=udp, args=(family, address, port), daemon=True).start()
serve(socket.AF_INET, "0.0.0.0")
serve(socket.AF_INET6, "::")
print("ready", flush=True)
sys.stdin.read()
`;

/** Calls each in turn and prints the list of those who answered. A closed way is refused at once, or not at all. */
const near = `
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def call(words):
    kind, host, port = words.split()
    where = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)[0]
    with socket.socket(where[0], where[1]) as one:
        one.settimeout(3)
        try:
            if kind == "tcp": one.connect(where[4])
            else: one.sendto(b"x", where[4])
            return one.recv(4) == b"here"
        except OSError: return False
asked = sys.argv[1:]
with ThreadPoolExecutor(len(asked)) as pool: print(json.dumps([one for one, yes in zip(asked, pool.map(call, asked)) if yes]))
`;

/** Lays the cable, then calls once with each of the filters loaded over the one before. */
const script = String.raw`
set -eu
ip link set lo up
mkfifo near far
unshare -n python3 -c "$FAR" <far >near &
exec 8>far 9<near
read -r ready <&9
ip link add near type veth peer name far netns "$!"
there="nsenter -t $! -n"
ip address add 198.51.100.1/24 dev near
ip -6 address add 2001:db8::1/64 dev near nodad
ip link set near up
$there sh -euc '
ip link set lo up
ip address add 198.51.100.2/24 dev far
ip -6 address add 2001:db8::2/64 dev far nodad
ip -6 address add fe80::2/64 dev far nodad
for address in 203.0.113.5 10.0.0.5 100.64.0.5 169.254.169.254 172.16.0.5 192.168.0.5; do ip address add $address/32 dev lo; done
for address in 2001:db8:1::5 fd00::5; do ip -6 address add $address/128 dev lo; done
ip link set far up'
ip route add default via 198.51.100.2
ip -6 route add default via 2001:db8::2
until ip -6 address show dev near scope link -tentative | grep -q fe80; do sleep 0.05; done
python3 -c "import socket,threading
for f, a in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
    def serve(s=socket.create_server((a, 18789), family=f)):
        while True: s.accept()[0].sendall(b'here')
    threading.Thread(target=serve).start()" 8>&- &
sleep 0.5
for filter in none "$@"; do
  [ "$filter" = none ] || nft -f "$filter"
  # Neighbours have to be found anew, under each filter.
  ip neighbour flush all
  eval "python3 -c \"\$NEAR\" $CALLS"
done
`;

type Filter = { readonly user: string; readonly ports: readonly number[] };

/** Who answered: without a filter, and then under each. Whoever calls is root in the network that was made. */
function call(...filters: readonly Filter[]): readonly (readonly string[])[] {
  const files = filters.map((filter, index) => {
    const file = join(scratch, `${index}.nft`);
    writeFileSync(file, renderEgressFilter("nftables", filter) ?? "");
    return file;
  });
  const calls = all.map((one) => `'${one}'`).join(" ");
  // With a process space of its own, whose first process takes the others with it.
  const apart = ["-rnpf", "--mount-proc", "--kill-child"];
  const ran = spawnSync("unshare", [...apart, "sh", "-c", script, "sh", ...files], {
    cwd: scratch,
    env: { ...path, FAR: far, NEAR: near, CALLS: calls },
    encoding: "utf8",
    timeout: 120_000,
  });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as readonly string[]);
}

test("the rendered packet filter holds in a real kernel, for its user and nobody else", { skip }, () => {
  const [none, other, own, fewer] = call(
    { user: "daemon", ports: [443] },
    { user: "root", ports: [443, 8443] },
    { user: "root", ports: [443] },
  );
  // Positive control: every one of these calls is answered where nothing forbids it.
  assert.deepEqual(none, all);
  assert.deepEqual(other, all);
  assert.deepEqual(own, allowed);
  // What was loaded before is gone, and not added to.
  assert.deepEqual(
    fewer,
    allowed.filter((one) => !one.endsWith(" 8443")),
  );
});
