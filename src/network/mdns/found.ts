// What others on the network say of themselves, for a person to read. Nothing goes by it: not where to connect, not whose
// certificate to believe (ADV-021, NODE-005).
import { isRecord, parseJson } from "../../base/json.ts";

export type FoundGateway = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly txt: Readonly<Record<string, string>>;
};

export function parseFound(line: string): FoundGateway | undefined {
  const json = parseJson(line);
  if (!json.ok || !isRecord(json.value)) return undefined;
  const { name, host, port, txt } = json.value;
  if (typeof name !== "string" || typeof host !== "string" || !isRecord(txt)) return undefined;
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535) return undefined;
  const values = Object.entries(txt).slice(0, 24);
  return {
    name: printable(name, 63),
    host: printable(host, 253),
    port: Number(port),
    txt: Object.fromEntries(values.map(([key, value]) => [printable(key, 32), printable(String(value), 255)])),
  };
}

/** A terminal's escapes, and letters that look like others, have no place in what a stranger calls himself. */
function printable(text: string, maxChars: number): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, maxChars);
}
