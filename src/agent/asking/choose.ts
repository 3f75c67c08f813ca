// Which models a turn asks, first choice first.
import type { Models } from "../../model/model.ts";
import { isSubordinate } from "../context/workspace.ts";

export type Choice = {
  readonly agentId: string;
  readonly sessionKey: string;
  /** Asked for by this request: it and no other answers. */
  readonly requested: string | undefined;
  /** Set for the session: the agent's own stay its fallbacks. */
  readonly preferred: string | undefined;
  readonly hasImages: boolean;
};

export function chooseModels(models: Models, choice: Choice): readonly string[] {
  if (choice.requested !== undefined) return [choice.requested];
  const own = configured(models, choice);
  const wanted =
    choice.preferred === undefined ? own : [choice.preferred, ...own.filter((ref) => ref !== choice.preferred)];
  if (!choice.hasImages || seesImages(models, wanted[0])) return wanted;
  const seeing = models.candidates(choice.agentId, "image");
  return seeing.length > 0 ? seeing : wanted;
}

export function seesImages(models: Models, ref: string | undefined): boolean {
  return ref !== undefined && models.describe(ref)?.images === true;
}

function configured(models: Models, choice: Choice): readonly string[] {
  if (isSubordinate(choice.sessionKey)) {
    const subordinate = models.candidates(choice.agentId, "subagent");
    if (subordinate.length > 0) return subordinate;
  }
  return models.candidates(choice.agentId, "main");
}
