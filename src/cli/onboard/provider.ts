// The first questions: which provider, its key, which of its models. Each answer is tried before it is kept.
import { LoricaError } from "../../base/errors.ts";
import { probeLocalServers } from "../../protocol/local-servers.ts";
import { baseUrlProblem, inferApi, knownProviders, wholeBaseUrl } from "../../protocol/providers.ts";
import type { KnownProvider } from "../../protocol/providers.ts";
import type { Invocation } from "../context.ts";
import { inferId, modelEdit, providerEdits } from "../onboard-plan.ts";
import { checkProvider, fetchJson, listModels } from "../provider-check.ts";
import type { ProviderTarget } from "../provider-check.ts";
import { withOwner } from "../reach.ts";
import type { Asker, Choice } from "./asker.ts";

export type Provider = Omit<ProviderTarget, "modelId" | "key">;

type Offer = {
  readonly kind: "server" | "known";
  readonly provider: Provider;
  readonly known: KnownProvider | undefined;
};

type Picked = Offer | "custom" | "skip";

const shownMax = 40;

/** The key is here only until its model was tried: it cannot be read back from where it is stored. */
export type Chosen = { readonly provider: Provider; readonly key: string | undefined };

/** Undefined where none is wanted yet. */
export async function askProvider(invocation: Invocation, ask: Asker): Promise<Chosen | undefined> {
  const picked = await ask.choose<Picked>("Which model shall answer?", [
    ...(await localOffers(invocation)),
    ...knownProviders.filter((known) => known.notBuilt === undefined && known.baseUrl !== "").map(cloudOffer),
    { value: "custom", label: "Another one", hint: "any server with OpenAI's or Anthropic's format" },
    { value: "skip", label: "None for now", hint: "everything works, but nobody answers" },
  ]);
  if (picked === "skip") return undefined;
  const provider = picked === "custom" ? await askAddress(ask) : picked.provider;
  const key =
    picked === "custom" || picked.known?.keyVariable !== undefined
      ? await askKey(invocation, ask, { provider, known: picked === "custom" ? undefined : picked.known })
      : undefined;
  await keep(invocation, { provider, key });
  return { provider, key };
}

async function localOffers({ io, signal }: Invocation): Promise<readonly Choice<Picked>[]> {
  const probes = await io.progress("looking for model servers on this machine", probeLocalServers(fetchJson(signal)));
  return probes.flatMap((probe) => {
    const known = knownProviders.find((candidate) => candidate.id === probe.server.provider);
    if (probe.kind === "absent" || known === undefined) return [];
    const provider = { id: known.id, api: known.api, baseUrl: probe.server.baseUrl };
    const hint = `found on this machine, ${probe.models.length} models`;
    return [{ value: { kind: "server", provider, known }, label: known.name, hint }];
  });
}

function cloudOffer(known: KnownProvider): Choice<Picked> {
  const provider = { id: known.id, api: known.api, baseUrl: known.baseUrl };
  const hint = known.local ? "on this machine; nothing answers there now" : new URL(known.baseUrl).host;
  return { value: { kind: "known", provider, known }, label: known.name, hint };
}

async function askAddress(ask: Asker): Promise<Provider> {
  const url = await ask.text("Its base URL", {
    placeholder: "http://127.0.0.1:8080/v1",
    problem: (text) =>
      URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
        ? baseUrlProblem(inferId(text), inferApi(text) ?? "openai-completions", text)
        : "a URL that starts with http:// or https://",
  });
  const api =
    inferApi(url) ??
    (await ask.choose("Which format does it speak?", [
      { value: "openai-completions", label: "OpenAI's", hint: "most servers" } as const,
      { value: "anthropic-messages", label: "Anthropic's" } as const,
    ]));
  return { id: inferId(url), api, baseUrl: wholeBaseUrl(url) };
}

type About = { readonly provider: Provider; readonly known: KnownProvider | undefined };

/** Asked again until the provider takes it, or has no way to say. */
async function askKey({ context, io, signal }: Invocation, ask: Asker, about: About): Promise<string | undefined> {
  const { provider, known } = about;
  const variable = known?.keyVariable;
  let given = variable === undefined ? undefined : context.env[variable];
  if (given !== undefined && given !== "" && !(await ask.yes(`Use the key in ${variable}?`))) given = undefined;
  for (;;) {
    const key = given ?? (await ask.secret(`The key for ${known?.name ?? provider.id}`, keyProblem(known)));
    given = undefined;
    if (key === "") return undefined;
    try {
      await io.progress(`asking ${provider.id}`, listModels({ ...provider, key }, signal));
      return key;
    } catch (error) {
      if (!(error instanceof LoricaError)) throw error;
      ask.warn(error.message);
    }
    const next = await ask.choose("What now?", [
      { value: "again", label: "Type the key again" } as const,
      { value: "keep", label: "Keep it all the same", hint: "the next step tries it" } as const,
    ]);
    if (next === "keep") return key;
  }
}

function keyProblem(known: KnownProvider | undefined) {
  return (text: string): string | undefined => {
    if (text === "" && known === undefined) return undefined;
    return /^[\x21-\x7e]{1,4096}$/.test(text) ? undefined : "a key is one line of printable characters";
  };
}

async function keep(invocation: Invocation, { provider, key }: Chosen): Promise<void> {
  await withOwner(invocation, async (owner) => {
    await owner.call("config.set", { edits: providerEdits(provider) });
    if (key !== undefined) await owner.call("vault.set", { name: `provider:${provider.id}`, value: key });
    // So that no later step lacks one.
    await owner.call("token.show", {});
  });
}

/** A name of a model that has answered once, or that its owner insists on. */
export async function askModel(invocation: Invocation, ask: Asker, { provider, key }: Chosen): Promise<string> {
  const { io, signal } = invocation;
  const models = await io.progress("asking for its models", modelsOf({ ...provider, key }, signal));
  for (;;) {
    const modelId = await askName(ask, models);
    const problem = await tryModel(invocation, { ...provider, key, modelId });
    if (problem === undefined) ask.say(`${provider.id}/${modelId} answers`);
    else ask.warn(problem);
    const isKept = problem === undefined || (await keepsAnyway(ask));
    if (!isKept) continue;
    await withOwner(invocation, (owner) => owner.call("config.set", { edits: [modelEdit(provider.id, modelId)] }));
    return modelId;
  }
}

/** Taken up again: the key is stored and not to be had, so what is named now is tried by the gateway. */
export async function askModelOnly(invocation: Invocation, ask: Asker, provider: Provider): Promise<string> {
  const modelId = await askName(ask, []);
  await withOwner(invocation, (owner) => owner.call("config.set", { edits: [modelEdit(provider.id, modelId)] }));
  return modelId;
}

async function keepsAnyway(ask: Asker): Promise<boolean> {
  return ask.choose("What now?", [
    { value: false, label: "Choose another model" },
    { value: true, label: "Keep it all the same" },
  ]);
}

async function modelsOf(target: Omit<ProviderTarget, "modelId">, signal: AbortSignal): Promise<readonly string[]> {
  try {
    return await listModels(target, signal);
  } catch (error) {
    // Where there is no list, the name is typed.
    if (error instanceof LoricaError && !signal.aborted) return [];
    throw error;
  }
}

async function askName(ask: Asker, models: readonly string[]): Promise<string> {
  const typed = "";
  const picked =
    models.length === 0
      ? typed
      : await ask.choose("Which of its models?", [
          ...models.slice(0, shownMax).map((model) => ({ value: model, label: model })),
          { value: typed, label: "Another one", hint: "type its name" },
        ]);
  if (picked !== typed) return picked;
  return ask.text("The model's name", {
    problem: (text) => (/^[\x21-\x7e]{1,200}$/.test(text) ? undefined : "1 to 200 characters without spaces"),
  });
}

/** Undefined where it answers. */
async function tryModel({ io, signal }: Invocation, target: ProviderTarget): Promise<string | undefined> {
  try {
    await io.progress(`asking ${target.modelId}`, checkProvider(target, signal));
    return undefined;
  } catch (error) {
    if (error instanceof LoricaError && !signal.aborted) return error.message;
    throw error;
  }
}
