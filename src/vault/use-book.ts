// How each credential is used, counted by hour and place, so that a use unlike all before shows (THR-023). A key that leaks
// from here is used elsewhere and nobody here sees that; a key that something here misuses is seen.
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { readPrivateFile, writePrivateFile } from "../base/files/private-file.ts";
import { parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { Use } from "./binding.ts";

const historySchema = z.object({
  since: z.number(),
  uses: z.number(),
  lastUsedAt: z.number(),
  /** Days on which it was used. */
  days: z.number(),
  /** Of the hour that runs, as hours since 1970, and how often it was used in it. */
  hour: z.number(),
  inHour: z.number(),
  /** The most in any hour before. */
  mostInHour: z.number(),
  hoursOfDay: z.array(z.number()).length(24),
  places: z.array(z.string()).max(limits.vaultPlacesMax),
  /** Kind → the day on which it was said last. */
  said: z.record(z.string(), z.number()),
});
type History = z.infer<typeof historySchema>;
const bookSchema = z.record(z.string(), historySchema);

export type UseBook = {
  /** Counts a use, and says in one line each what is unusual about it: once a day for each kind. */
  count(name: string, use: Use): readonly string[];
  usesOf(name: string): { readonly uses: number; readonly lastUsedAt: number | null };
  save(): Promise<void>;
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Before that nobody knows what is usual. */
const learned = { days: 3, uses: 50 } as const;
const learnedHours = { days: 7, uses: 200 } as const;
const busy = { times: 5, atLeast: 30 } as const;

export async function openUseBook(path: string, clock: Clock): Promise<UseBook> {
  const histories = await load(path);
  let isChanged = false;
  return {
    count(name, use) {
      const now = clock.now();
      const history = histories.get(name) ?? createHistory(now);
      const place = placeOf(use);
      const unusual = unusualIn(history, place, now).filter(({ kind }) => history.said[kind] !== dayOf(now));
      add(history, place, now);
      for (const { kind } of unusual) history.said[kind] = dayOf(now);
      if (histories.size < limits.secretsMax) histories.set(name, history);
      isChanged = true;
      return unusual.map(({ text }) => `the credential ${name} ${text}`);
    },
    usesOf(name) {
      const history = histories.get(name);
      return { uses: history?.uses ?? 0, lastUsedAt: history?.lastUsedAt ?? null };
    },
    async save() {
      if (!isChanged) return;
      isChanged = false;
      await writePrivateFile(path, JSON.stringify(Object.fromEntries(histories)));
    },
  };
}

/** What cannot be read is not worth a start: counting begins anew. */
async function load(path: string): Promise<Map<string, History>> {
  const json = parseJson((await readPrivateFile(path, limits.vaultUsesMaxBytes)) ?? "{}");
  const book = json.ok ? bookSchema.safeParse(json.value) : undefined;
  return new Map(Object.entries(book?.data ?? {}));
}

function createHistory(now: number): History {
  return {
    since: now,
    uses: 0,
    lastUsedAt: 0,
    days: 0,
    hour: Math.floor(now / hourMs),
    inHour: 0,
    mostInHour: 0,
    hoursOfDay: Array.from({ length: 24 }, () => 0),
    places: [],
    said: {},
  };
}

type Unusual = { readonly kind: "rate" | "place" | "hour"; readonly text: string };

function unusualIn(history: History, place: string, now: number): readonly Unusual[] {
  const { days, uses, mostInHour, places, hoursOfDay } = history;
  if (days < learned.days || uses < learned.uses) return [];
  const found: Unusual[] = [];
  const inHour = history.hour === Math.floor(now / hourMs) ? history.inHour + 1 : 1;
  if (inHour > Math.max(busy.atLeast, mostInHour * busy.times))
    found.push({ kind: "rate", text: `was used ${inHour} times within an hour; ${mostInHour} was the most before` });
  if (!places.includes(place)) found.push({ kind: "place", text: `was used at ${place}, where it never was before` });
  const hour = new Date(now).getHours();
  if (days >= learnedHours.days && uses >= learnedHours.uses && hoursOfDay[hour] === 0)
    found.push({ kind: "hour", text: `was used between ${hour} and ${hour + 1} o'clock, when it never was before` });
  return found;
}

function add(history: History, place: string, now: number): void {
  const hour = Math.floor(now / hourMs);
  if (history.hour !== hour) {
    history.mostInHour = Math.max(history.mostInHour, history.inHour);
    history.hour = hour;
    history.inHour = 0;
  }
  if (dayOf(history.lastUsedAt) !== dayOf(now)) history.days += 1;
  history.inHour += 1;
  history.uses += 1;
  history.lastUsedAt = now;
  const ofDay = new Date(now).getHours();
  history.hoursOfDay[ofDay] = (history.hoursOfDay[ofDay] ?? 0) + 1;
  if (!history.places.includes(place)) history.places = [...history.places, place].slice(-limits.vaultPlacesMax);
}

function dayOf(at: number): number {
  return Math.floor(at / dayMs);
}

/** The host and the path without what differs from call to call. */
function placeOf({ url }: Use): string {
  const { host, pathname } = new URL(url);
  const steps = pathname.split("/").filter((step) => step !== "" && !/[{}%]|\d{4}|^[0-9a-f-]{16,}$/i.test(step));
  return [host, ...steps].join("/").slice(0, 256);
}
