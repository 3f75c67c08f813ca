// Conversations that read like the manual, played one after the other against one installation.
import { chmodSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../faux/installation.ts";
import type { Installation } from "../faux/installation.ts";
import { whyNoSandbox } from "../faux/outside/host.ts";
import { startFauxProvider } from "../faux/provider.ts";
import type { FauxProvider } from "../faux/provider.ts";
import { parseScenario } from "./parse.ts";
import { createModels, play } from "./player.ts";
import type { Models } from "./player.ts";

const entry = resolve(import.meta.dirname, "../../lorica.mjs");

suite("scenarios", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let lorica: Installation;
  let provider: FauxProvider;
  let models: Models;

  before(async () => {
    provider = await startFauxProvider();
    models = createModels(provider);
    lorica = await createInstallation();
    const bin = join(lorica.home, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "lorica"), `#!/bin/sh\nexec ${process.execPath} ${entry} "$@"\n`);
    chmodSync(join(bin, "lorica"), 0o755);
    Object.assign(lorica.env, { PATH: `${bin}:${lorica.env["PATH"]}`, OPENCLAW_GATEWAY_PORT: String(lorica.port) });
    const faux = { baseUrl: `${provider.url}/v1`, api: "openai-completions" };
    const known = ["quick", "other"].map((id) => ({ id, contextWindow: 32_000, input: ["text", "image"] }));
    lorica.writeConfig({
      models: { providers: { faux: { ...faux, apiKey: "key-of-the-scenarios-5b1f", models: known } } },
      gateway: { http: { endpoints: { chatCompletions: { enabled: true } } } },
    });
    await lorica.start();
  });
  after(async () => {
    await lorica?.remove();
    await provider?.close();
  });

  for (const file of globSync("*.scenario", { cwd: import.meta.dirname }).toSorted()) {
    const text = readFileSync(join(import.meta.dirname, file), "utf8");
    // The first line says what it is about, with the ids of what it proves.
    const [title = file] = text.split("\n");
    test(title.replace(/^# /, ""), () => play(parseScenario(text), lorica, models));
  }
});
