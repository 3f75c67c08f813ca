// Runs one exported scenario of a module in a process of its own, never as root: what is proved there is what an
// ordinary user gets. As root it becomes the system user first.
import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";

const timeoutMs = 120_000;

export async function runAsUser(module: string, scenario: string): Promise<void> {
  const node = realpathSync(process.execPath);
  const program = `import { ${scenario} as run } from ${JSON.stringify(module)}; await run(); process.exit(0);`;
  const command = [node, "--input-type=module", "--eval", program];
  const user = ["--reuid", "lorica", "--regid", "lorica", "--clear-groups", "--"];
  const [file = node, ...args] = process.getuid?.() === 0 ? ["/usr/bin/setpriv", ...user, ...command] : command;
  const child = spawn(file, args, {
    env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent", TMPDIR: tmpdir() },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const killer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const code = await new Promise<number | null>((done) => child.once("close", done));
  clearTimeout(killer);
  if (code !== 0) throw new Error(`${scenario} ended with ${code}:\n${said}`);
}
