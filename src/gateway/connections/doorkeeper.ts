// Lets clients in over WebSockets: the guard looks at the upgrade, the shared credential is proved under the limits on
// guessing, and the devices say who it is.
import { newId, sha256 } from "../../base/ids.ts";
import { addressGroup } from "../../network/network.ts";
import { errorShape, failureOf } from "../../protocol/failure.ts";
import { isRefusal, refusal } from "../../protocol/handshake.ts";
import type { ConnectParams, ConnectRefusal, Session } from "../../protocol/handshake.ts";
import type { AccessSettings } from "../auth/access.ts";
import { refuseSecretsInQuery } from "../door/guard.ts";
import { checkSingles } from "../door/singles.ts";
import type { Edge } from "../edge.ts";
import type { Doorkeeper, Knock } from "../ws/door.ts";
import type { Connections } from "./connections.ts";

export function createDoorkeeper(edge: Edge): Doorkeeper {
  async function admit({ req, nonce }: Knock, params: ConnectParams): Promise<Session | ConnectRefusal> {
    if (edge.isDraining()) return goingAway;
    // The page of upstream is a page like any other: one that does not say whose it is, is somebody's script.
    if (params.client.id === "openclaw-control-ui" && req.headers.origin === undefined) return originNeeded;
    const shown = params.auth ?? {};
    const session = await edge.auth.attempt({ req, shown }, (shared, peer) =>
      edge.devices.authenticate(params, { nonce, shared, peer }),
    );
    if (isRefusal(session)) return session;
    const credentialHash = credentialOf(session.method, edge.settings().access, shown.token);
    return credentialHash === undefined ? session : { ...session, credentialHash };
  }

  return {
    check(req) {
      checkSingles(req);
      refuseSecretsInQuery(req);
      const { address, isLocal } = edge.guard.check(req, "connect");
      return { address: addressGroup(address), isLocal };
    },
    async authorize(knock, params) {
      try {
        return await admit(knock, params);
      } catch (error) {
        const id = newId();
        const { message, concealed } = failureOf(error, id);
        edge.log("error", `connect: ${message}`, { errorId: id, ...(concealed ? { error } : {}) });
        return { error: errorShape(error, id), closeCode: 1011, closeReason: "internal error" };
      }
    },
  };
}

/**
 * Ends the connections that a shared credential let in which counts no more. Devices that came in by a token of their own
 * are not among them.
 */
export function endStale(connections: Connections, access: AccessSettings): void {
  connections.endWhere(({ session }) => isStale(session, access), {
    code: 4001,
    reason: "the credentials of this gateway have changed",
  });
}

function isStale({ method, credentialHash }: Session, access: AccessSettings): boolean {
  if (credentialHash === undefined) return false;
  if (method !== "token") return credentialHash !== credentialOf(method, access, undefined);
  const counts = access.mode === "token" || access.mode === "none";
  return !counts || !access.tokenHashes.includes(credentialHash);
}

/** The token itself, or for what is no single secret all that decides about it: when that changes, it is asked again. */
function credentialOf(method: string, access: AccessSettings, token: string | undefined): string | undefined {
  if (method === "token") return token === undefined ? undefined : sha256(token);
  if (method === "device-token" || method === "bootstrap-token") return undefined;
  const { mode, passwordHash, trustedProxy, allowTailscale } = access;
  return sha256(JSON.stringify([method, mode, passwordHash, trustedProxy, allowTailscale]));
}

const goingAway: ConnectRefusal = {
  error: {
    code: "UNAVAILABLE",
    message: "the gateway is stopping; try again in a moment",
    retryable: true,
    retryAfterMs: 2_000,
  },
  closeCode: 1013,
  closeReason: "gateway stopping",
};

const originNeeded = refusal("the Control UI must say its origin", 1008, {
  code: "CONTROL_UI_ORIGIN_NOT_ALLOWED",
  recommendedNextStep: "review_auth_configuration",
});
