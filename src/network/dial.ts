// Which network addresses may be dialled. Names are looked up once and the address that was judged is the one dialled,
// so that a name cannot mean one thing to the judge and another to the socket.
import { lookup, promises } from "node:dns";
import { connect, isIP } from "node:net";
import type { LookupFunction, Socket } from "node:net";
import ipaddr from "ipaddr.js";
import { errnoOf, LoricaError } from "../base/errors.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

/** Where clouds hand out credentials to whoever asks from inside. Nobody's model provider is there. */
const metadataAddresses: ReadonlySet<string> = new Set([
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254",
]);

const publicRanges: ReadonlySet<string> = new Set(["unicast"]);
const localRanges: ReadonlySet<string> = new Set([
  "private",
  "loopback",
  "linkLocal",
  "uniqueLocal",
  "carrierGradeNat",
]);

export type Reach =
  /** The owner's config names this host, so it may also be one of the owner's own. */
  | "owner-named"
  /** A host that the product names: a public one, whatever the name server says. */
  | "public";

export function checkAddress(text: string, reach: Reach): Parsed<string> {
  if (!ipaddr.isValid(text)) return rejected(`${text} is not an address`);
  // `process` turns an IPv4 address inside ::ffff:/96 into itself.
  const address = unwrap(ipaddr.process(text));
  const plain = address.toString();
  if (metadataAddresses.has(plain)) return rejected(`${plain} is a cloud's metadata service`);
  const range = address.range();
  if (publicRanges.has(range)) return parsed(text);
  if (localRanges.has(range))
    return reach === "owner-named"
      ? parsed(text)
      : rejected(`${plain} is a local address, and the config does not name this host`);
  return rejected(`${plain} is not an address of a host (${range})`);
}

/** IPv4 in NAT64, 6to4 and IPv4-compatible addresses is judged as the IPv4 that it reaches. */
function unwrap(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address.kind() === "ipv4") return address;
  const bytes = address.toByteArray();
  const range = address.range();
  if (range === "rfc6052") return ipaddr.fromByteArray(bytes.slice(12));
  if (range === "6to4") return ipaddr.fromByteArray(bytes.slice(2, 6));
  const isCompatible = bytes.slice(0, 12).every((byte) => byte === 0) && bytes.slice(12).some((byte) => byte > 1);
  return isCompatible ? ipaddr.fromByteArray(bytes.slice(12)) : address;
}

/** Every address of a name, as this machine's resolver has them now. None of them has been judged. */
export async function resolveHost(host: string): Promise<readonly string[]> {
  return (await promises.lookup(host, { all: true })).map(({ address }) => address);
}

/** To an address that was judged: nothing is looked up any more. */
export function connectTo(address: string, port: number): Socket {
  if (isIP(address) === 0) throw new LoricaError("internal", "a name is resolved and judged before it is dialled");
  return connect({ host: address, port, allowHalfOpen: true });
}

/** A `lookup` for sockets: every address of the name is judged, and only those that pass are dialled. */
export function createCheckedLookup(reach: Reach): LookupFunction {
  return (hostname, options, done) => {
    const family = options.family === 4 || options.family === 6 ? options.family : 0;
    lookup(hostname, { all: true, family }, (cause, found) => {
      if (cause !== null) {
        const message = `the name ${hostname} cannot be resolved (${errnoOf(cause) ?? "unknown error"})`;
        return done(new LoricaError("unavailable", message, { cause }), "", 0);
      }
      const verdicts = found.map(({ address }) => checkAddress(address, reach));
      const allowed = found.filter((_, index) => verdicts[index]?.ok === true);
      const [first] = allowed;
      if (first === undefined) {
        const reasons = verdicts.flatMap((verdict) => (verdict.ok ? [] : [verdict.reason]));
        return done(new LoricaError("forbidden", `${hostname} may not be dialled: ${reasons.join("; ")}`), "", 0);
      }
      if (options.all === true) return done(null, allowed);
      return done(null, first.address, first.family);
    });
  };
}
