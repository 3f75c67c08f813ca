// catalogue
// Commands that people know from guides and that are not built yet. Each exists, says which step of the plan brings it, and
// exits with the status of `not_built`.

export type LaterSpec = {
  readonly path: string;
  /** `2` to `5`, or `later` for what no step has yet. */
  readonly step: "2" | "3" | "4" | "5" | "later";
  readonly what: string;
  /** What works today instead. */
  readonly instead?: string;
};

export const later: readonly LaterSpec[] = [
  { path: "channels login", step: "later", what: "signing in to WhatsApp with a QR code", instead: "channels add" },
  { path: "agents", step: "2", what: "managing agents", instead: "config get agents" },
  { path: "directory", step: "2", what: "looking up recipients" },
  { path: "approvals", step: "4", what: "approvals" },
  { path: "budget", step: "4", what: "spending caps", instead: "usage" },
  { path: "security", step: "5", what: "the security audit" },
  { path: "secureclaw", step: "5", what: "the security report" },
  { path: "pentest", step: "5", what: "the attack on the running system" },
  { path: "models auth", step: "2", what: "signing in to providers", instead: "secret set" },
  {
    path: "models aliases",
    step: "2",
    what: "editing aliases by command",
    instead: "config set agents.defaults.models",
  },
  { path: "models fallbacks", step: "2", what: "editing fallbacks by command", instead: "config set" },
  { path: "models set-image", step: "2", what: "the image model by command", instead: "config set" },
  { path: "models image-fallbacks", step: "2", what: "the image model's fallbacks by command", instead: "config set" },
  { path: "message poll", step: "later", what: "polls in chat channels" },
  { path: "message react", step: "later", what: "reactions in chat channels" },
  { path: "message read", step: "later", what: "reading from chat channels" },
  { path: "message edit", step: "later", what: "editing sent messages" },
  { path: "message delete", step: "later", what: "deleting sent messages" },
  { path: "skill", step: "later", what: "skills" },
  { path: "skills", step: "later", what: "skills" },
  { path: "plugins", step: "later", what: "third-party plugins" },
  { path: "cron", step: "later", what: "scheduled turns" },
  { path: "webhooks", step: "later", what: "webhooks" },
  { path: "browser", step: "later", what: "the browser" },
  { path: "memory", step: "later", what: "memory search" },
  { path: "system", step: "later", what: "system events and heartbeats" },
  { path: "docs", step: "later", what: "searching the documentation", instead: "--help" },
  { path: "dns", step: "later", what: "DNS discovery" },
  { path: "acp", step: "later", what: "the agent client protocol" },
  { path: "reset", step: "later", what: "resetting by command", instead: "sessions reset" },
  { path: "uninstall", step: "later", what: "uninstalling by command" },
  { path: "update", step: "later", what: "updating by command", instead: "git pull" },
];

/** The sentence a person gets. */
export function laterMessage(spec: LaterSpec, program: string): string {
  const when = spec.step === "later" ? "comes after step 5 of the plan" : `comes with step ${spec.step} of the plan`;
  const instead = spec.instead === undefined ? "" : `. Until then: ${program} ${spec.instead}`;
  return `\`${program} ${spec.path}\` (${spec.what}) is not built yet; it ${when}${instead}`;
}
