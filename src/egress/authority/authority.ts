// A certificate authority of one cell, for the hosts whose TLS the broker ends. It can vouch for these hosts and no
// others, its key never leaves this process, and both are gone with the cell.
import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { limits } from "../../base/limits.ts";
import type { HostPattern } from "../../protocol/known/hosts.ts";
import { bits, der, integer, objectId, octets, sequence, set, text, time, truth } from "./der.ts";

export type Authority = {
  /** Its own certificate, as PEM: what a cell is to trust. */
  readonly certificate: string;
  /** PEM for a server of this name. */
  leaf(host: string): { readonly cert: string; readonly key: string };
};

const hourMs = 3_600_000;
const lifetimeMs = 30 * 24 * hourMs;
const ecdsaSha256 = sequence(objectId("1.2.840.10045.4.3.2"));

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

export function createAuthority(hosts: readonly HostPattern[], now: number): Authority {
  const own = newPair();
  // One key for all its leaves: whoever could read it could read them all anyway.
  const shared = newPair();
  const key = shared.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const leaves = new Map<string, { readonly cert: string; readonly key: string }>();
  const issue = (subject: string, of: Pair, extensions: readonly Buffer[]): string =>
    toPem(build({ subject, of, by: own, now, extensions }));
  const certificate = issue(authorityName, own, [
    extension("2.5.29.19", sequence(truth, integer(Buffer.from([0]))), "critical"),
    extension("2.5.29.15", bits(Buffer.from([0x06]), 1), "critical"),
    extension("2.5.29.30", constraints(hosts), "critical"),
    extension("2.5.29.14", octets(keyIdOf(own))),
  ]);
  return {
    certificate,
    leaf(host) {
      const known = leaves.get(host);
      if (known !== undefined) return known;
      if (leaves.size >= limits.egressLeavesMax) leaves.clear();
      const cert = issue("lorica", shared, [
        extension("2.5.29.19", sequence(), "critical"),
        extension("2.5.29.15", bits(Buffer.from([0x80]), 7), "critical"),
        extension("2.5.29.37", sequence(objectId("1.3.6.1.5.5.7.3.1"))),
        extension("2.5.29.17", sequence(der(0x82, Buffer.from(host)))),
        extension("2.5.29.14", octets(keyIdOf(shared))),
        extension("2.5.29.35", sequence(der(0x80, keyIdOf(own)))),
      ]);
      const leaf = { cert, key };
      leaves.set(host, leaf);
      return leaf;
    },
  };
}

const authorityName = "lorica way out";

function newPair(): Pair {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function build(wanted: {
  readonly subject: string;
  readonly of: Pair;
  readonly by: Pair;
  readonly now: number;
  readonly extensions: readonly Buffer[];
}): Buffer {
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    // Positive and never twice the same.
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    ecdsaSha256,
    nameOf(authorityName),
    sequence(time(wanted.now - hourMs), time(wanted.now + lifetimeMs)),
    nameOf(wanted.subject),
    wanted.of.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...wanted.extensions)),
  );
  return sequence(body, ecdsaSha256, bits(sign("sha256", body, wanted.by.privateKey)));
}

function nameOf(common: string): Buffer {
  return sequence(set(sequence(objectId("2.5.4.3"), text(common))));
}

function extension(id: string, value: Buffer, weight?: "critical"): Buffer {
  return sequence(objectId(id), ...(weight === undefined ? [] : [truth]), octets(value));
}

/** These names and what is below them; no address at all. */
function constraints(hosts: readonly HostPattern[]): Buffer {
  const names = hosts.map(({ name }) => sequence(der(0x82, Buffer.from(name))));
  const addresses = [Buffer.alloc(8), Buffer.alloc(32)].map((all) => sequence(der(0x87, all)));
  return sequence(der(0xa0, ...names), der(0xa1, ...addresses));
}

function keyIdOf({ publicKey }: Pair): Buffer {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return createHash("sha1").update(point).digest();
}

/** Through the parser, so that nothing is handed out that OpenSSL would not read. */
function toPem(bytes: Buffer): string {
  return new X509Certificate(bytes).toString();
}
