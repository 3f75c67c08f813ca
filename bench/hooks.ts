// Hooks: what one costs a call that it is about, and what registered hooks cost a call that they are not about. Two gateways,
// one with hooks and one without, are asked by turns, so that a busy machine slows both.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHome, figure, percentile, removeHome, root, startGateway } from "./harness.ts";
import type { Gateway } from "./harness.ts";

const runs = 60;
const config = { gateway: { tools: { allow: ["exec"] } } };
const script = `#!/bin/bash
case "$(jq -r .tool_input.command)" in sudo*) exit 2;; esac
exit 0
`;

const homes = [createHome(), createHome()] as const;
const gateways: Gateway[] = [];
try {
  const folder = join(homes[0], ".openclaw/hooks");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "hook.sh"), script, { mode: 0o755 });
  const hooks = { PreToolUse: [{ matcher: "Bash", hooks: [join(folder, "hook.sh")] }] };
  writeFileSync(join(homes[0], ".openclaw/settings.json"), JSON.stringify({ hooks }), { mode: 0o600 });
  for (const home of homes) gateways.push(await startGateway({ home, config }));
  const [hooked, plain] = gateways as [Gateway, Gateway];
  const words = [join(root, "lorica.mjs"), "hooks", "trust"];
  execFileSync(process.execPath, words, { env: hooked.env, stdio: "ignore" });
  for (const [tool, args, what, atMost] of [
    ["exec", { command: "true" }, "call with one hook in bash and jq", 60],
    ["glob", { pattern: "*" }, "call that no registered hook is about", 3],
  ] as const) {
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < runs + 5; round++)
      for (const [at, gateway] of [hooked, plain].entries()) {
        const begun = performance.now();
        await call(gateway, tool, args);
        if (round >= 5) times[at]?.push(performance.now() - begun);
      }
    const [withHooks, without] = times.map((list) => percentile(list, 0.5)) as [number, number];
    figure(`${what}, p50 over one without`, [withHooks - without, "ms more"], { atMost });
  }
} finally {
  for (const gateway of gateways) await gateway.stop();
  for (const home of homes) removeHome(home);
}

async function call(gateway: Gateway, tool: string, args: Readonly<Record<string, unknown>>): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${gateway.port}/tools/invoke`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.token}`, "content-type": "application/json" },
    body: JSON.stringify({ tool, args }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${tool}: ${text}`);
}
