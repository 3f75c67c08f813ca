// What the flags and variables of `onboard` ask for, worked out before anything is written.
import { LoricaError } from "../base/errors.ts";
import type { OwnerParamsOf } from "../protocol/owner-methods.ts";
import { baseUrlProblem, findKnownProvider, inferApi, knownProviders, wholeBaseUrl } from "../protocol/providers.ts";
import type { KnownProvider, ProviderApi } from "../protocol/providers.ts";
import type { CliContext, Invocation } from "./context.ts";
import { readInput } from "./input.ts";
import type { Options } from "./options.ts";
import type { ProviderTarget } from "./provider-check.ts";

export type Edit = OwnerParamsOf<"config.set">["edits"][number];

export type Plan = {
  readonly provider: ProviderTarget | undefined;
  readonly edits: readonly Edit[];
  readonly warnings: readonly string[];
  readonly skipCheck: boolean;
};

const customFlags = [
  "customBaseUrl",
  "customModelId",
  "customCompatibility",
  "customProviderId",
  "customApiKey",
  "customApiKeyFile",
];

const compatibility: Readonly<Record<"openai" | "anthropic", ProviderApi>> = {
  openai: "openai-completions",
  anthropic: "anthropic-messages",
};

/** Undefined where no provider was named in any way, and none was declined. */
export async function parsePlan({ context, options }: Invocation): Promise<Plan | undefined> {
  refuseUnbuilt(options);
  const choice = parseChoice(options);
  if (choice === undefined) return undefined;
  const warnings: string[] = [];
  const wanted = choice === "skip" ? undefined : await parseProvider(context, options, { choice, warnings });
  return {
    provider: wanted,
    edits: [
      ...(wanted === undefined ? [] : [...providerEdits(wanted), modelEdit(wanted.id, wanted.modelId)]),
      ...otherEdits(options, context),
    ],
    warnings,
    skipCheck: options.flag("skipCheck") || options.flag("skipHealth"),
  };
}

type Choice = "skip" | "custom" | KnownProvider;

/** Any `--custom-*` flag means custom; `--<provider>-api-key` means that provider (CLI-012). */
function parseChoice(options: Options): Choice | undefined {
  const named = options.text("authChoice");
  if (named === "skip") return "skip";
  if (named === undefined) {
    if (customFlags.some((flag) => options.text(flag) !== undefined)) return "custom";
    return knownProviders.find((provider) => options.text(keyFlag(provider)) !== undefined);
  }
  if (named === "custom-api-key" || named === "custom") return "custom";
  const id = named.replace(/-api-key$/, "");
  const known = findKnownProvider(id) ?? knownProviders.find((provider) => provider.keyVariable === variableOf(id));
  if (known === undefined) {
    const ids = knownProviders.map((provider) => `${provider.id}-api-key`).join(", ");
    throw new LoricaError(
      "invalid_request",
      `--auth-choice takes custom-api-key, skip, or one of ${ids}; not ${JSON.stringify(named)}`,
    );
  }
  if (known.notBuilt !== undefined) throw new LoricaError("not_built", known.notBuilt);
  return known;
}

function variableOf(id: string): string {
  return `${id.toUpperCase().replaceAll("-", "_")}_API_KEY`;
}

/** `GEMINI_API_KEY` → `geminiApiKey`, commander's name of `--gemini-api-key`. */
function keyFlag({ keyVariable }: KnownProvider): string {
  return (keyVariable ?? "").toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

type Asked = { readonly choice: Exclude<Choice, "skip">; readonly warnings: string[] };

async function parseProvider(context: CliContext, options: Options, asked: Asked): Promise<ProviderTarget> {
  const { choice } = asked;
  const target = choice === "custom" ? parseCustom(options) : parseKnown(options, choice);
  const problem = baseUrlProblem(target.id, target.api, target.baseUrl);
  if (problem !== undefined) throw new LoricaError("invalid_request", problem);
  const key = await readKey(context, options, asked);
  if (key === undefined && choice !== "custom" && !choice.local)
    throw new LoricaError(
      "invalid_request",
      `${choice.name} needs a key: set ${choice.keyVariable}, or give --custom-api-key-file`,
    );
  return { ...target, key };
}

type Target = Omit<ProviderTarget, "key">;

function parseCustom(options: Options): Target {
  const baseUrl = options.text("customBaseUrl");
  const modelId = options.text("customModelId");
  if (baseUrl === undefined || modelId === undefined)
    throw new LoricaError(
      "invalid_request",
      `a custom provider needs --custom-base-url and --custom-model-id; ${baseUrl === undefined ? "--custom-base-url" : "--custom-model-id"} is missing`,
    );
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol))
    throw new LoricaError(
      "invalid_request",
      `--custom-base-url takes a URL that starts with http:// or https://, not ${JSON.stringify(baseUrl)}`,
    );
  if (!/^[\x21-\x7e]{1,200}$/.test(modelId))
    throw new LoricaError("invalid_request", "--custom-model-id takes 1 to 200 printable characters without spaces");
  const named = options.choice("customCompatibility", ["openai", "anthropic"]);
  const api = named === undefined ? (inferApi(baseUrl) ?? compatibility.openai) : compatibility[named];
  const id = options.text("customProviderId") ?? inferId(baseUrl);
  if (!/^[a-z][a-z0-9_.-]{0,63}$/.test(id))
    throw new LoricaError(
      "invalid_request",
      `--custom-provider-id takes lower-case letters, digits, . - and _, not ${JSON.stringify(id)}`,
    );
  return { id, api, baseUrl: wholeBaseUrl(baseUrl), modelId };
}

/** A known server by its address; else its host, so that two custom providers do not share one name by accident. */
export function inferId(baseUrl: string): string {
  const url = new URL(baseUrl);
  const known = knownProviders.find(
    (provider) => URL.canParse(provider.baseUrl) && new URL(provider.baseUrl).host === url.host,
  );
  if (known !== undefined) return known.id;
  const host = url.host
    .toLowerCase()
    .replace(/^(api|www)\./, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return `custom-${host}`.slice(0, 64).replace(/-$/, "");
}

function parseKnown(options: Options, provider: KnownProvider): Target {
  const modelId = options.text("model") ?? options.text("customModelId");
  if (modelId === undefined)
    throw new LoricaError("invalid_request", `which of ${provider.name}'s models? Name it with --model`);
  const baseUrl = options.text("customBaseUrl") ?? provider.baseUrl;
  if (baseUrl === "") throw new LoricaError("invalid_request", `${provider.name} needs --custom-base-url`);
  return { id: provider.id, api: provider.api, baseUrl, modelId: modelId.replace(`${provider.id}/`, "") };
}

/** A file or stdin, then the command line (with a warning), then variables. */
async function readKey(
  context: CliContext,
  options: Options,
  { choice, warnings }: Asked,
): Promise<string | undefined> {
  const file = options.text("customApiKeyFile");
  if (file !== undefined) return parseKey(await readInput(context, file), file === "-" ? "stdin" : file);
  const flag = choice === "custom" ? "customApiKey" : keyFlag(choice);
  const typed = options.text("customApiKey") ?? options.text(flag);
  if (typed !== undefined) {
    warnings.push(
      "a key on the command line can be seen by others on this machine and stays in the shell's history; prefer CUSTOM_API_KEY or --custom-api-key-file",
    );
    return parseKey(typed, "the command line");
  }
  const names = choice === "custom" ? ["CUSTOM_API_KEY"] : [choice.keyVariable, "CUSTOM_API_KEY"];
  const found = names.find((name) => name !== undefined && (context.env[name] ?? "") !== "");
  return found === undefined ? undefined : parseKey(context.env[found] ?? "", found);
}

function parseKey(text: string, from: string): string {
  const key = text.trim();
  if (/^[\x21-\x7e]{1,4096}$/.test(key)) return key;
  throw new LoricaError("invalid_request", `what ${from} holds is no key: a key is one line of printable characters`);
}

export function providerEdits({ id, api, baseUrl }: Omit<ProviderTarget, "modelId" | "key">): Edit[] {
  // An id may hold a dot, which would read as a step of the path.
  const provider = id.includes(".") ? `models.providers[${JSON.stringify(id)}]` : `models.providers.${id}`;
  return [
    { path: `${provider}.baseUrl`, value: baseUrl },
    { path: `${provider}.api`, value: api },
  ];
}

export function modelEdit(id: string, modelId: string): Edit {
  return { path: "agents.defaults.model.primary", value: `${id}/${modelId}` };
}

function otherEdits(options: Options, context: CliContext): Edit[] {
  const port = options.whole("gatewayPort", { min: 1, max: 65_535 });
  const workspace = options.text("workspace");
  const bind = options.text("gatewayBind");
  if (workspace !== undefined && !/^(\/|~\/)/.test(workspace))
    throw new LoricaError(
      "invalid_request",
      `--workspace takes an absolute path, not ${JSON.stringify(workspace)} (${context.program} may run elsewhere)`,
    );
  return [
    ...(port === undefined ? [] : [{ path: "gateway.port", value: port }]),
    ...(bind === undefined ? [] : [{ path: "gateway.bind", value: bind }]),
    ...(workspace === undefined ? [] : [{ path: "agents.defaults.workspace", value: workspace }]),
  ];
}

/** What would change the result if it were ignored is refused, with what does it instead. */
function refuseUnbuilt(options: Options): void {
  const text = (name: string, plain?: string): boolean => ![undefined, plain].includes(options.text(name));
  const elsewhere = "set gateway.mode and gateway.remote in the config";
  const instead: readonly (readonly [boolean, string, string])[] = [
    [text("mode", "local"), "--mode", elsewhere],
    [text("remoteUrl"), "--remote-url", elsewhere],
    [text("remoteToken"), "--remote-token", elsewhere],
    [options.flag("reset"), "--reset", "config unset and config rollback undo single settings"],
    [text("token"), "--token", "models and keys: see onboard --help"],
    [text("tokenProvider"), "--token-provider", "models and keys: see onboard --help"],
    [text("gatewayPassword"), "--gateway-password", "secret set gateway:password reads it from stdin"],
    [text("gatewayAuth", "token"), "--gateway-auth", "set gateway.auth.mode in the config"],
    [text("tailscale", "off"), "--tailscale", "set gateway.tailscale.mode in the config"],
  ];
  const first = instead.find(([isGiven]) => isGiven);
  if (first !== undefined)
    throw new LoricaError("invalid_request", `${first[1]} is not taken here. Instead: ${first[2]}`);
  if (options.text("gatewayToken") !== undefined)
    throw new LoricaError(
      "invalid_request",
      "--gateway-token would show the token to others. One is made by itself; `token show` prints it",
    );
}
