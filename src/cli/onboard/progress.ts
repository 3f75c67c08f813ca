// How far a first set-up has come, so that it can be left and taken up again. It names steps and a provider, never a
// secret.
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isMissing } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import type { StatePaths } from "../../config/config.ts";

export const stepNames = ["provider", "model", "place", "start", "telegram", "vault"] as const;

export type StepName = (typeof stepNames)[number];

const shape = z.strictObject({
  done: z.array(z.enum(stepNames)).max(stepNames.length),
  provider: z
    .strictObject({
      id: z.string().max(64),
      api: z.enum(["openai-completions", "openai-responses", "anthropic-messages", "google-generative-ai"]),
      baseUrl: z.string().max(2_048),
    })
    .optional(),
});

export type Progress = z.infer<typeof shape>;

/** A file that cannot be understood is as none: the worst is that a question is asked twice. */
export async function loadProgress(paths: StatePaths): Promise<Progress> {
  try {
    const json = parseJson(await readFile(fileOf(paths), "utf8"));
    const parsed = json.ok ? shape.safeParse(json.value) : undefined;
    return parsed?.success === true ? parsed.data : { done: [] };
  } catch (error) {
    if (isMissing(error)) return { done: [] };
    throw error;
  }
}

export async function saveProgress(paths: StatePaths, progress: Progress): Promise<void> {
  await mkdir(paths.stateDir, { recursive: true, mode: 0o700 });
  await writeFile(fileOf(paths), `${JSON.stringify(progress)}\n`, { mode: 0o600 });
  await chmod(fileOf(paths), 0o600);
}

export async function forgetProgress(paths: StatePaths): Promise<void> {
  await rm(fileOf(paths), { force: true });
}

/** In the state directory itself, where the gateway process cannot write. */
function fileOf({ stateDir }: StatePaths): string {
  return join(stateDir, "onboarding.json");
}
