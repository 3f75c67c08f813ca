// Lets clients in over WebSockets: the guard looks at the upgrade, the shared credential is proved under the limits on
// guessing, and the devices say who it is.
import type { IncomingMessage } from "node:http";
import { newId, sha256 } from "../../base/ids.ts";
import { addressGroup } from "../../network/network.ts";
import { errorShape, failureOf } from "../../protocol/failure.ts";
import { isRefusal, refusal } from "../../protocol/handshake.ts";
import type { ConnectParams, ConnectRefusal, Session } from "../../protocol/handshake.ts";
import type { AccessSettings } from "../auth/access.ts";
import { originProblem } from "../auth/peer.ts";
import { refuseSecretsInQuery } from "../door/guard.ts";
import { checkSingles } from "../door/singles.ts";
import type { Edge } from "../edge.ts";
import type { Doorkeeper, Knock } from "../ws/door.ts";
import type { Connections } from "./connections.ts";

export function createDoorkeeper(edge: Edge): Doorkeeper {
  async function admit({ req, nonce }: Knock, params: ConnectParams): Promise<Session | ConnectRefusal> {
    if (edge.isDraining()) return goingAway;
    const { access } = edge.settings();
    const origin = pageProblem(req, params, access);
    if (origin !== undefined) return originRefused(origin);
    const shown = params.auth ?? {};
    const from = { req, shown, deviceId: params.device?.id };
    const session = await edge.auth.attempt(from, (shared, peer) =>
      edge.devices.authenticate(params, { nonce, shared, peer }),
    );
    if (isRefusal(session)) return session;
    const credentialHash = credentialOf(session.method, access, shown.token);
    if (credentialHash === undefined) return session;
    const admitted = { ...session, credentialHash };
    // It is not among the connections yet, so nobody else ends it where its credential was replaced in the meantime.
    return isStale(admitted, edge.settings().access) ? replaced : admitted;
  }

  return {
    check(req) {
      checkSingles(req);
      refuseSecretsInQuery(req);
      const { address, isLocal } = edge.guard.check(req, "connect");
      const group = addressGroup(address);
      // Counted apart: a page that somebody was lured to must not use up what there is for their own clients.
      const isForeign = originProblem(req, edge.settings().access) !== undefined;
      return { address: isForeign ? `${group}, a foreign page` : group, isLocal };
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

/** The Control UI is a page like any other: one that does not say whose it is, is somebody's script. */
function pageProblem(req: IncomingMessage, params: ConnectParams, access: AccessSettings): string | undefined {
  const isNameless = params.client.id === "openclaw-control-ui" && req.headers.origin === undefined;
  return isNameless ? "the Control UI must say its origin" : originProblem(req, access);
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

const replaced = refusal("the credentials of this gateway have changed; connect again", 1008, {
  code: "AUTH_UNAUTHORIZED",
  recommendedNextStep: "update_auth_credentials",
});

function originRefused(message: string): ConnectRefusal {
  return refusal(message, 1008, {
    code: "CONTROL_UI_ORIGIN_NOT_ALLOWED",
    recommendedNextStep: "review_auth_configuration",
  });
}
