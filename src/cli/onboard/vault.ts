// The question about how the vault's key is kept. The vault is there by now, with its key in a file; whoever wants another
// kind gets it here, and `vault init` changes it at any time.
import { LoricaError } from "../../base/errors.ts";
import type { Invocation } from "../context.ts";
import { commandLine, withOwner } from "../reach.ts";
import type { Asker } from "./asker.ts";

export async function askVault(invocation: Invocation, ask: Asker): Promise<void> {
  const { state, identity, hasCredential } = await withOwner(invocation, (owner) => owner.call("vault.status", {}));
  // Somebody has chosen before.
  if (state === "locked" || identity !== "key-file") return;
  const kind = await ask.choose("How shall the key of its vault be kept?", [
    { value: "key-file", label: "In a file of its own", hint: "starts by itself; back the file up" } as const,
    { value: "passphrase", label: "Behind a passphrase", hint: "it is needed after every start" } as const,
    ...(hasCredential
      ? [{ value: "systemd-credential", label: "By systemd", hint: "the service has it; removes the file" } as const]
      : []),
  ]);
  if (kind === "passphrase") await askNewPassphrase(invocation, ask);
  if (kind !== "systemd-credential") return;
  await withOwner(invocation, (owner) => owner.call("vault.init", { identity: kind }));
  ask.say("systemd's credential opens the vault, and the key file is gone");
}

async function askNewPassphrase(invocation: Invocation, ask: Asker): Promise<void> {
  for (;;) {
    const passphrase = await ask.secret("The new passphrase", (text) => (text === "" ? "it is empty" : undefined));
    const again = await ask.secret("The same once more", () => undefined);
    if (again !== passphrase) {
      ask.warn("the two differ; nothing was changed");
      continue;
    }
    try {
      await withOwner(invocation, (owner) => owner.call("vault.init", { identity: "passphrase", passphrase }));
      ask.say("the passphrase opens the vault, and the key file is gone");
      ask.say(`a gateway that starts in the background is locked until: ${commandLine(invocation, "vault unseal")}`);
      return;
    } catch (error) {
      if (!(error instanceof LoricaError) || error.code !== "invalid_request") throw error;
      ask.warn(error.message);
    }
  }
}
