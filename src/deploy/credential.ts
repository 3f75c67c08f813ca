// What a service of systemd needs to be given the vault's key as a credential, sealed to the machine or its TPM.
import type { DeployFacts } from "./deploy.ts";
import { lines } from "./proxy.ts";

const name = "lorica-vault-key";
const sealed = `/etc/credstore.encrypted/${name}`;

/** A drop-in: the unit itself is written over by the next install. */
export function renderSystemdCredential({ unit }: DeployFacts): string {
  return lines(
    "# Has systemd open the vault. Beside the unit of `lorica gateway install --system`, not in it, by:",
    `#   systemctl edit ${unit}`,
    "# Before that, as root, with the key file that `lorica vault status` names:",
    "#   mkdir -p -m 700 /etc/credstore.encrypted",
    `#   systemd-creds encrypt --name=${name} KEYFILE ${sealed}`,
    "# After it, the second of them as the gateway's user; it removes the key file:",
    `#   systemctl restart ${unit}`,
    "#   lorica vault init --identity systemd-credential",
    "# A unit of the user's own systemd takes the same from version 256 on, with --user in each of these commands and a",
    "# sealed file of the user's.",
    "[Service]",
    `LoadCredentialEncrypted=${name}:${sealed}`,
  );
}
