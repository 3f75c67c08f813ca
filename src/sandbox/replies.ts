// What comes out of a cell, checked. A cell holds whatever a stranger's text made the model do, so nothing in its frames
// is believed: shapes and sizes are tested here, and ids only ever find what the broker itself asked for.
import { z } from "zod";
import { limits } from "../base/limits.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import type { ControlReply, FileAnswer } from "./cell/settings.ts";

const call = z.int().min(0);
const processId = z.string().min(1).max(64);
const exitCode = z.int().min(0).max(255);
const count = z.int().min(0);
const durationMs = z.number().min(0);
const end = z.enum(["exited", "timed_out", "cancelled", "output_capped"]);
const message = z.string().max(4_000);
const code = z.enum(["invalid_request", "not_found", "conflict", "overloaded", "too_large", "forbidden"]);

const state = z.strictObject({
  processId,
  state: z.enum(["running", "exited"]),
  exitCode: exitCode.nullable(),
  droppedBytes: count,
});

const controlReply = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ready") }),
  z.strictObject({ kind: z.literal("output"), call }),
  z.strictObject({ kind: z.literal("ended"), call, end, exitCode, droppedBytes: count, durationMs }),
  z.strictObject({ kind: z.literal("started"), call }),
  z.strictObject({ kind: z.literal("gone"), processId, end, exitCode, durationMs }),
  z.strictObject({ kind: z.literal("report"), call, processes: z.array(state).max(limits.execBackgroundMax) }),
  z.strictObject({ kind: z.literal("failed"), call, code, message }),
  z.strictObject({ kind: z.literal("files_gone"), generation: count }),
]) satisfies z.ZodType<ControlReply>;

const shownPath = z.string().max(4_096);

const fileAnswer = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("text"), call, totalLines: count, truncated: z.boolean() }),
  z.strictObject({
    kind: z.literal("image"),
    call,
    mime: z.enum(["image/png", "image/jpeg", "image/gif", "image/webp"]),
  }),
  z.strictObject({ kind: z.literal("matches"), call, truncated: z.boolean() }),
  z.strictObject({
    kind: z.literal("changed"),
    call,
    paths: z.array(shownPath).max(1_000),
    summary: z.string().max(200_000),
  }),
  z.strictObject({ kind: z.literal("failed"), call, code, message }),
]) satisfies z.ZodType<FileAnswer>;

export function parseControlReply(head: unknown): Parsed<ControlReply> {
  const result = controlReply.safeParse(head);
  return result.success ? parsed(result.data) : rejected(z.prettifyError(result.error));
}

export function parseFileAnswer(head: unknown): Parsed<FileAnswer> {
  const result = fileAnswer.safeParse(head);
  return result.success ? parsed(result.data) : rejected(z.prettifyError(result.error));
}
