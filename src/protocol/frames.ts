// Protocol 4's frames: one JSON object each, closed, told apart by `type`. The same on a unix socket, one per line, and
// on a WebSocket, one per message. Parsed by hand, because every request of every client passes here.
import { codes } from "../base/errors.ts";
import type { Code } from "../base/errors.ts";
import { isRecord, nestsDeeper, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

export const protocolVersion = 4;

export type RequestFrame = {
  readonly type: "req";
  readonly id: string;
  readonly method: string;
  readonly params?: unknown;
  readonly traceparent?: string;
  readonly expectedProfileId?: string;
};

/** Some methods answer twice under one id: first with `payload.status: "accepted"`, later with the end. */
export type ResponseFrame = {
  readonly type: "res";
  readonly id: string;
  readonly ok: boolean;
  readonly payload?: unknown;
  readonly error?: ErrorShape;
};

/** Rises with each change, so that a client can tell what is newer. */
export type StateVersion = { readonly presence: number; readonly health: number };

/** `seq` counts from 1 on each connection; a gap tells a client that it was too slow and missed something. */
export type EventFrame = {
  readonly type: "event";
  readonly event: string;
  readonly payload?: unknown;
  readonly seq?: number;
  readonly stateVersion?: StateVersion;
  readonly recipientProfileId?: string;
};

export type Frame = RequestFrame | ResponseFrame | EventFrame;

export type ErrorShape = {
  readonly code: string;
  readonly message: string;
  /** `errorCode` is our own code behind the coarse one; `errorId` finds the particulars in the log. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
};

const idMaxChars = 256;
const methodMaxChars = 128;
const shortMaxChars = 128;

type FieldTest = (value: unknown) => boolean;
type FieldTests = {
  readonly needed: Readonly<Record<string, FieldTest>>;
  readonly free: Readonly<Record<string, FieldTest>>;
};

const fields: Record<Frame["type"], FieldTests> = {
  req: {
    needed: { id: isShort(idMaxChars), method: isShort(methodMaxChars) },
    free: { params: isAnything, traceparent: isShort(shortMaxChars), expectedProfileId: isShort(shortMaxChars) },
  },
  res: {
    needed: { id: isShort(idMaxChars), ok: isBoolean },
    free: { payload: isAnything, error: isErrorShape },
  },
  event: {
    needed: { event: isShort(methodMaxChars) },
    free: {
      payload: isAnything,
      seq: isCount,
      stateVersion: isStateVersion,
      recipientProfileId: isShort(shortMaxChars),
    },
  },
};

export function parseFrame(text: string): Parsed<Frame> {
  const json = parseJson(text);
  if (!json.ok) return rejected("a frame must be one JSON object");
  const value: unknown = json.value;
  if (!isRecord(value)) return rejected("a frame must be one JSON object");
  const type = value["type"];
  if (type !== "req" && type !== "res" && type !== "event")
    return rejected('a frame\'s "type" must be "req", "res" or "event"');
  const wrong = wrongField(value, fields[type]);
  if (wrong !== undefined) return rejected(`${wrong} in a frame of type "${type}"`);
  if (nestsDeeper(value, limits.jsonDepthMax)) return rejected(`a frame nests deeper than ${limits.jsonDepthMax}`);
  return parsed(value as Frame);
}

export function encodeFrame(frame: Frame): string {
  return JSON.stringify(frame);
}

/** An event whose payload is text already: one payload goes to many connections, each with a number of its own. */
export function encodeEvent(event: EventText): string {
  const { name, payload, seq, stateVersion } = event;
  const versions = stateVersion === undefined ? "" : `,"stateVersion":${JSON.stringify(stateVersion)}`;
  const number = seq === undefined ? "" : `,"seq":${seq}`;
  return `{"type":"event","event":${JSON.stringify(name)},"payload":${payload}${number}${versions}}`;
}

export type EventText = {
  readonly name: string;
  /** JSON. */
  readonly payload: string;
  readonly seq?: number | undefined;
  readonly stateVersion?: StateVersion | undefined;
};

/** The code behind an error frame, for whoever turns it into an exit status. */
export function codeOfShape(error: ErrorShape): Code {
  const own = error.details?.["errorCode"];
  if (typeof own === "string" && Object.hasOwn(codes, own)) return own as Code;
  const detail = error.details?.["code"];
  if (error.code === "INVALID_REQUEST" && typeof detail === "string" && /^(?:DEVICE_)?AUTH_/.test(detail))
    return "unauthorized";
  if (error.code === "FORBIDDEN" || error.code === "NOT_PAIRED") return "forbidden";
  return error.code === "UNAVAILABLE" ? "unavailable" : "invalid_request";
}

function wrongField(value: Record<string, unknown>, { needed, free }: FieldTests): string | undefined {
  for (const name of Object.keys(needed)) {
    if (!Object.hasOwn(value, name)) return `"${name}" is missing`;
  }
  for (const [name, content] of Object.entries(value)) {
    if (name === "type") continue;
    const test = Object.hasOwn(needed, name) ? needed[name] : Object.hasOwn(free, name) ? free[name] : undefined;
    if (test === undefined) return `unknown field ${JSON.stringify(name.slice(0, shortMaxChars))}`;
    if (!test(content)) return `"${name}" is not valid`;
  }
  return undefined;
}

function isShort(maxChars: number): FieldTest {
  return (value) => typeof value === "string" && value.length > 0 && value.length <= maxChars;
}

function isAnything(): boolean {
  return true;
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isStateVersion(value: unknown): boolean {
  return isRecord(value) && isCount(value["presence"]) && isCount(value["health"]) && Object.keys(value).length === 2;
}

function isErrorShape(value: unknown): boolean {
  return isRecord(value) && typeof value["code"] === "string" && typeof value["message"] === "string";
}
