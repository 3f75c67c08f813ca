// Plays a scenario's steps against a running installation, from outside: a shell, the HTTP port, a provider.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../faux/outside/until.ts";
import type { Installation } from "../faux/installation.ts";
import type { FauxProvider, FauxReply, FauxRequest } from "../faux/provider.ts";
import type { Act, Step } from "./parse.ts";

type Came = { readonly status: number | null; readonly output: string };
type Stage = {
  readonly lorica: Installation;
  readonly models: Models;
  readonly beside: Map<string, Promise<Came>>;
};

/** An image of one dot. */
const dot =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export async function play(steps: readonly Step[], lorica: Installation, models: Models): Promise<void> {
  const stage: Stage = { lorica, models, beside: new Map() };
  for (const step of steps) {
    if (step.beside !== undefined) stage.beside.set(step.beside, perform(step.act, stage));
    else if (step.eventually)
      await until(`line ${step.line}`, async () => problemOf(step, await perform(step.act, stage)) === undefined);
    else assert.equal(problemOf(step, await perform(step.act, stage)), undefined);
  }
  await Promise.all(stage.beside.values());
}

function problemOf(step: Step, { status, output }: Came): string | undefined {
  const about = `line ${step.line}: status ${status}\n${output}`;
  const expected = step.status ?? (status !== null && status >= 100 ? 200 : 0);
  if (status !== expected) return `${about}\nis not ${expected}`;
  const missing = step.matches.find((pattern) => !pattern.test(output));
  if (missing !== undefined) return `${about}\nlacks ${missing}`;
  const found = step.never.find((pattern) => pattern.test(output));
  return found === undefined ? undefined : `${about}\nholds ${found}`;
}

async function perform(act: Act, stage: Stage): Promise<Came> {
  const { lorica, models, beside } = stage;
  if (act.kind === "shell") return shell(lorica, "sh", ["-c", act.line]);
  if (act.kind === "say") {
    if (act.door === "http") return post(lorica, act);
    return shell(lorica, "lorica", ["agent", "--session-id", act.session, "--message", act.text]);
  }
  if (act.kind === "saw") return { status: 0, output: models.saw(act.model) };
  if (act.kind === "join") return beside.get(act.name) ?? { status: null, output: `nothing runs as ${act.name}` };
  if (act.kind === "gateway") await lorica[act.does]();
  else if (act.does === "holds") models.hold(act.name);
  else if (act.does === "goes on") models.goOn(act.name);
  else models.play(act.name, readPlay(act.does.plays));
  return { status: 0, output: "" };
}

function readPlay(name: string): readonly FauxReply[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, "plays", name), "utf8")) as readonly FauxReply[];
}

/** What a person sees: both streams together. `lorica` is on the path. */
function shell({ env, home }: Installation, program: string, words: readonly string[]): Promise<Came> {
  const child = spawn(program, words, { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  return new Promise((done) => child.once("close", (status) => done({ status, output })));
}

async function post({ port, token }: Installation, act: Extract<Act, { kind: "say" }>): Promise<Came> {
  const words = { type: "text", text: act.text };
  const content = act.image ? [words, { type: "image_url", image_url: { url: dot } }] : [words];
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "x-openclaw-session-key": act.session },
    body: JSON.stringify({ model: "openclaw", messages: [{ role: "user", content }] }),
  });
  return { status: response.status, output: await response.text() };
}

export type Models = {
  play(name: string, replies: readonly FauxReply[]): void;
  /** From now on it begins to answer only once it goes on. */
  hold(name: string): void;
  goOn(name: string): void;
  /** Its last request, as it came. */
  saw(name: string): string;
};

/** One provider, whose models each have a play of their own; the last reply is given again and again. */
export function createModels(provider: FauxProvider): Models {
  const plays = new Map<string, FauxReply[]>();
  const holds = new Map<string, PromiseWithResolvers<void>>();
  const nameOf = ({ json }: FauxRequest): string => String(json["model"]);
  provider.play((request) => {
    const replies = plays.get(nameOf(request)) ?? [];
    const reply = (replies.length > 1 ? replies.shift() : replies[0]) ?? { text: "Fine." };
    const hold = holds.get(nameOf(request));
    return hold === undefined ? reply : { ...reply, until: hold.promise };
  });
  return {
    play: (name, replies) => void plays.set(name, [...replies]),
    hold: (name) => void holds.set(name, Promise.withResolvers()),
    goOn(name) {
      holds.get(name)?.resolve();
      holds.delete(name);
    },
    saw: (name) => provider.requests.findLast((request) => nameOf(request) === name)?.body ?? "",
  };
}
