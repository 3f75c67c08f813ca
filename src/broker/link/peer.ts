// One side of the link: which calls are open, in which state, and what each frame does to them.
import { LoricaError } from "../../base/errors.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { abortError } from "../../base/wait.ts";
import { createIncomingBody, createWindow } from "./body.ts";
import type { IncomingBody, Window } from "./body.ts";
import { decodeError, encodeError } from "./error.ts";
import { createFrameDecoder, encodeHead, fits } from "./frame.ts";
import type { Frame, FrameType } from "./frame.ts";
import type { Exchange, LinkAnswer, LinkCall, LinkOptions, LinkReply } from "./link.ts";

/** Ids stay below this, and start again where they began: no call lives as long as that. */
const idMax = 0xffff_fff0;

const over = new LoricaError("cancelled", "the call is over");

export class Peer {
  readonly ended = new AbortController();
  readonly #options: LinkOptions;
  readonly #notes: Buffer[] = [];
  readonly #ours = new Map<number, Exchange>();
  readonly #theirs = new Map<number, Exchange>();
  /** The gateway's calls have odd ids, the broker's even ones. */
  readonly #parity: 0 | 1;
  #lastId: number;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#parity = options.side === "gateway" ? 1 : 0;
    this.#lastId = this.#parity;
    const decoder = createFrameDecoder();
    options.stream.on("data", (chunk: Buffer) => {
      const broken = decoder.push(chunk, (frame) => this.#receive(frame));
      if (broken !== undefined) this.end(broken);
    });
    options.stream.on("error", (error) => this.end(error.message));
    options.stream.on("end", () => this.end("it was closed"));
    options.stream.on("close", () => this.end("it was closed"));
  }

  async call(request: LinkCall, signal: AbortSignal): Promise<LinkAnswer> {
    if (signal.aborted) throw abortError(signal);
    if (this.ended.signal.aborted) throw this.ended.signal.reason;
    if (this.#ours.size >= limits.linkCallsMax)
      throw new LoricaError("overloaded", `${limits.linkCallsMax} calls over the link wait already; try again later`);
    const { method, params, body } = request;
    const id = this.#nextId();
    const { promise, resolve, reject } = Promise.withResolvers<LinkAnswer>();
    const settle: Exchange["settle"] = (answer) => (answer instanceof LoricaError ? reject(answer) : resolve(answer));
    const onAbort = (): void => this.#giveUp(id, exchange, abortError(signal));
    const forget = (): void => signal.removeEventListener("abort", onAbort);
    const exchange: Exchange = { window: createWindow(), incoming: undefined, settle, bytes: 0, over: forget };
    this.#sendJson("call", id, { method, params: params ?? null, body: body !== undefined });
    this.#ours.set(id, exchange);
    signal.addEventListener("abort", onAbort, { once: true });
    if (body !== undefined)
      this.#sendBody(id, body, exchange.window).catch((cause: unknown) =>
        this.#giveUp(id, exchange, new LoricaError("internal", "the body of a call broke off", { cause })),
      );
    return await promise;
  }

  /** Nobody waits for a note, so it leaves with what is sent next, or else a moment later: each write wakes the other side. */
  note(name: string, params: unknown): void {
    this.#notes.push(this.#encode("note", { name, params: params ?? null }));
    if (this.#notes.length === 1) setImmediate(() => this.#sendNotes());
    else if (this.#notes.length >= limits.linkNotesWaitingMax) this.#sendNotes();
  }

  end(reason: string): void {
    if (this.ended.signal.aborted) return;
    this.#notes.length = 0;
    const error = new LoricaError("unavailable", `the link between gateway and broker ended: ${reason}`);
    this.ended.abort(error);
    for (const exchange of [...this.#ours.values(), ...this.#theirs.values()]) finish(exchange, error);
    this.#ours.clear();
    this.#theirs.clear();
    this.#options.stream.destroy();
  }

  #nextId(): number {
    do this.#lastId = this.#lastId >= idMax ? this.#parity + 2 : this.#lastId + 2;
    while (this.#ours.has(this.#lastId));
    return this.#lastId;
  }

  #sendNotes(): void {
    for (const payload of this.#notes.splice(0)) this.#write("note", 0, payload);
  }

  /** In the order in which it was said: the notes before, then this. */
  #send(type: FrameType, id: number, payload?: Buffer): void {
    this.#sendNotes();
    this.#write(type, id, payload);
  }

  #write(type: FrameType, id: number, payload?: Buffer): void {
    if (this.ended.signal.aborted) return;
    const { stream } = this.#options;
    // Head and payload leave in one system call, together with whatever else this turn of the event loop sends.
    stream.cork();
    stream.write(encodeHead(type, id, payload?.length ?? 0));
    if (payload !== undefined && payload.length > 0) stream.write(payload);
    process.nextTick(() => stream.uncork());
    if (stream.writableLength > limits.linkBufferedMaxBytes) this.end("the other side does not read");
  }

  #sendJson(type: "call" | "result" | "error", id: number, value: unknown): void {
    this.#send(type, id, this.#encode(type, value));
  }

  #encode(type: FrameType, value: unknown): Buffer {
    const payload = Buffer.from(JSON.stringify(value));
    if (fits(type, payload.length)) return payload;
    throw new LoricaError("too_large", `a ${type} of ${payload.length} bytes does not fit on the link`);
  }

  async #sendBody(id: number, body: AsyncIterable<Uint8Array>, window: Window): Promise<void> {
    for await (const chunk of body) {
      let at = 0;
      while (at < chunk.length) {
        const taken = await window.take(Math.min(chunk.length - at, limits.linkChunkBytes));
        if (taken === 0) return;
        this.#send("data", id, Buffer.from(chunk.buffer, chunk.byteOffset + at, taken));
        at += taken;
      }
    }
    this.#send("end", id);
  }

  #receiveBody(id: number, onCancel: () => void): IncomingBody {
    let unreported = 0;
    return createIncomingBody((bytes) => {
      unreported += bytes;
      if (unreported < limits.linkWindowBytes / 4) return;
      const payload = Buffer.allocUnsafe(4);
      payload.writeUInt32BE(unreported);
      unreported = 0;
      this.#send("credit", id, payload);
    }, onCancel);
  }

  #giveUp(id: number, exchange: Exchange, error: LoricaError): void {
    if (this.#ours.get(id) !== exchange) return;
    this.#ours.delete(id);
    this.#send("cancel", id);
    finish(exchange, error);
  }

  #receive(frame: Frame): void {
    if (this.ended.signal.aborted) return;
    const violation = this.#onFrame(frame);
    if (violation !== undefined) this.end(violation);
  }

  /** Answers what was wrong with the frame, if anything was. */
  #onFrame(frame: Frame): string | undefined {
    if (frame.type === "call") return this.#onCall(frame);
    if (frame.type === "note") return this.#onNote(frame);
    const exchange = this.#ours.get(frame.id) ?? this.#theirs.get(frame.id);
    // Frames may still be on their way when a call ends; they are nobody's any more.
    if (exchange === undefined) return undefined;
    const isOurs = this.#ours.get(frame.id) === exchange;
    switch (frame.type) {
      case "credit":
        return exchange.window.add(frame.payload.readUInt32BE()) ? undefined : "credit for bytes that were never sent";
      case "data":
        return exchange.incoming?.push(frame.payload) === true ? undefined : "more data than there is room for";
      case "end":
        return this.#onEnd(frame.id, exchange);
      case "cancel":
        if (isOurs) return "a cancel of a call by the side that answers it";
        this.#theirs.delete(frame.id);
        finish(exchange, new LoricaError("cancelled", "the caller left"));
        return undefined;
      case "result":
      case "error":
        return isOurs ? this.#onAnswer(frame, exchange) : "an answer by the side that called";
    }
  }

  #onNote(frame: Frame): string | undefined {
    const note = parseJson(frame.payload.toString());
    if (!note.ok || !isRecord(note.value) || typeof note.value["name"] !== "string") return "a note without a name";
    this.#options.onNote(note.value["name"], note.value["params"]);
    return undefined;
  }

  #onCall(frame: Frame): string | undefined {
    const { id } = frame;
    if (id === 0 || id % 2 === this.#parity) return `a call with the id ${id}, which is not the caller's to give`;
    if (this.#theirs.has(id)) return `a second call with the id ${id}`;
    const request = parseJson(frame.payload.toString());
    if (!request.ok || !isRecord(request.value)) return "a call that is not a JSON object";
    const { method, params, body } = request.value;
    if (typeof method !== "string" || typeof body !== "boolean") return "a call without a method";
    const open = [...this.#theirs.values()];
    const bodies = body ? open.filter((each) => each.incoming !== undefined).length : 0;
    const bytes = open.reduce((sum, each) => sum + each.bytes, frame.payload.length);
    if (open.length >= limits.linkCallsMax || bodies >= limits.linkBodiesMax || bytes > limits.linkCallsMaxBytes) {
      this.#sendJson("error", id, { code: "overloaded", message: "too many calls at once; try again later" });
      return undefined;
    }
    const incoming = body ? this.#receiveBody(id, () => undefined) : undefined;
    const left = new AbortController();
    const exchange: Exchange = {
      window: createWindow(),
      incoming,
      settle: () => undefined,
      bytes: frame.payload.length,
      over: (error) => left.abort(error),
    };
    this.#theirs.set(id, exchange);
    const handling = () => this.#options.handle({ method, params, body: incoming?.stream }, left.signal);
    void this.#answer(id, exchange, handling);
    return undefined;
  }

  async #answer(id: number, exchange: Exchange, handling: () => Promise<LinkReply>): Promise<void> {
    const isOpen = (): boolean => this.#theirs.get(id) === exchange;
    try {
      const reply = await handling();
      if (!isOpen()) return;
      this.#sendJson("result", id, { result: reply.result ?? null, body: reply.body !== undefined });
      if (reply.body !== undefined) await this.#sendBody(id, reply.body, exchange.window);
    } catch (error) {
      if (isOpen()) this.#sendJson("error", id, encodeError(error, this.#options.onInternalError));
    } finally {
      if (isOpen()) this.#theirs.delete(id);
      finish(exchange, over);
    }
  }

  #onAnswer(frame: Frame, exchange: Exchange): string | undefined {
    const { id } = frame;
    const answer = parseJson(frame.payload.toString());
    if (!answer.ok || !isRecord(answer.value)) return "an answer that is not a JSON object";
    if (frame.type === "error") {
      this.#ours.delete(id);
      finish(exchange, decodeError(answer.value));
      return undefined;
    }
    if (exchange.incoming !== undefined) return "two answers to one call";
    const { result, body } = answer.value;
    if (body === true) {
      exchange.incoming = this.#receiveBody(id, () => this.#giveUp(id, exchange, over));
      exchange.settle({ result, body: exchange.incoming.stream });
      return undefined;
    }
    this.#ours.delete(id);
    exchange.settle({ result, body: undefined });
    finish(exchange, over);
    return undefined;
  }

  #onEnd(id: number, exchange: Exchange): string | undefined {
    if (exchange.incoming === undefined) return "the end of a body that never began";
    exchange.incoming.end();
    // Of a call of ours only what its reader has not read yet is left.
    if (this.#ours.delete(id)) {
      exchange.window.close();
      exchange.over(over);
    }
    return undefined;
  }
}

function finish(exchange: Exchange, error: LoricaError): void {
  exchange.window.close();
  exchange.incoming?.fail(error);
  exchange.settle(error);
  exchange.over(error);
}
