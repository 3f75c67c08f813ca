// What people are called, out of the lists of a snapshot. Ids stay: without them nobody could follow who did what.
import { isRecord, parseJson } from "../base/json.ts";

const names = new Set(["name", "sendername", "displayname", "username", "firstname", "lastname", "label", "title"]);
/** Lists in which a name is somebody's; in the others it is a program's or a file's. */
const ofPeople = new Set(["requests", "approved", "sessions", "paired", "pending"]);

export function withoutNames(text: string): string {
  const json = parseJson(text);
  return json.ok ? `${JSON.stringify(blank(json.value, false), null, 2)}\n` : text;
}

function blank(value: unknown, isPerson: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => blank(one, isPerson));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      if (isPerson && typeof one === "string" && names.has(key.toLowerCase())) return [key, "[a person]"];
      return [key, blank(one, isPerson || ofPeople.has(key))];
    }),
  );
}
