// What about a change of the config is unusual in itself, whoever made it (WD-006).
import type { Json } from "../../base/json.ts";
import { isRecord } from "../../base/json.ts";

export type Flag = "size drop" | "meta missing" | "gateway mode removed" | "auth weakened" | "bind widened";

export type FlagsOf = {
  readonly widening: readonly string[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** What the files say at the top, where they could be read. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
};

const shrinksTo = 0.5;

export function flagsOf({ widening, bytesBefore, bytesAfter, before, after }: FlagsOf): readonly Flag[] {
  const gone = (name: string, inside?: string): boolean => has(before, name, inside) && !has(after, name, inside);
  const widens = (branch: string): boolean => widening.some((path) => path.startsWith(branch));
  const found: readonly (readonly [Flag, boolean])[] = [
    ["size drop", bytesAfter < bytesBefore * shrinksTo],
    ["meta missing", gone("meta")],
    ["gateway mode removed", gone("gateway", "mode")],
    ["auth weakened", widens("gateway.auth") || widens("the credential gateway")],
    ["bind widened", widens("gateway.bind") || widens("gateway.customBindHost")],
  ];
  return found.flatMap(([flag, isSo]) => (isSo ? [flag] : []));
}

function has(value: Json | undefined, name: string, inside?: string): boolean {
  if (!isRecord(value)) return false;
  const part = value[name];
  return inside === undefined ? part !== undefined : isRecord(part) && part[inside] !== undefined;
}
