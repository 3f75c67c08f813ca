// Addresses as they come from sockets, headers and the config: one spelling each, and whether they lie in a range.
import ipaddr from "ipaddr.js";

/** The one spelling of an address: lower case, shortest form, IPv4 where IPv6 only wraps it. Undefined for anything else. */
export function normalAddress(text: string): string | undefined {
  const bare = text.replace(/%[\w.-]{1,32}$/, "");
  if (bare.length > 45 || !ipaddr.isValid(bare) || !isFourPart(bare)) return undefined;
  return ipaddr.process(bare).toString();
}

/** `127.1` and `2130706433` are addresses to some and names to others; here they are neither. */
function isFourPart(text: string): boolean {
  return text.includes(":") || ipaddr.IPv4.isValidFourPartDecimal(text);
}

export function isLoopbackAddress(address: string): boolean {
  const normal = normalAddress(address);
  return normal === "::1" || normal?.startsWith("127.") === true;
}

/** Addresses that a config names one by one or as ranges. */
export type AddressRanges = {
  /** How many were named. */
  readonly size: number;
  /** False for what is no address. */
  has(address: string): boolean;
};

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** What is neither an address nor a range has been refused with the config; here it matches nothing. */
export function createAddressRanges(texts: readonly string[]): AddressRanges {
  const ranges = texts.flatMap(rangeOf);
  return {
    size: texts.length,
    has(text) {
      const normal = normalAddress(text);
      if (normal === undefined) return false;
      const address = ipaddr.parse(normal);
      return ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
    },
  };
}

function rangeOf(text: string): readonly Range[] {
  if (ipaddr.isValidCIDR(text)) {
    const [base, bits] = ipaddr.parseCIDR(text);
    // `::ffff:10.0.0.0/104` is 10.0.0.0/8 in other words.
    if (base instanceof ipaddr.IPv6 && base.isIPv4MappedAddress() && bits >= 96)
      return [[base.toIPv4Address(), bits - 96]];
    return [[base, bits]];
  }
  const normal = normalAddress(text);
  if (normal === undefined) return [];
  const address = ipaddr.parse(normal);
  return [[address, address.kind() === "ipv4" ? 32 : 128]];
}

/** What counts as one client: an IPv4 address, or the 64 bits of IPv6 that one subscriber is given at the least. */
export function addressGroup(address: string): string {
  const normal = normalAddress(address);
  if (normal === undefined) return "unknown";
  const parsed = ipaddr.parse(normal);
  if (parsed instanceof ipaddr.IPv4) return normal;
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(":")}::/64`;
}
