// Who is at the door: one check for HTTP and WebSockets, so that a guess on one of them counts on the other too.
import type { IncomingHttpHeaders } from "node:http";
import { equalInConstantTime, sha256 } from "../../base/ids.ts";
import { isLoopbackAddress } from "../../network/network.ts";
import { isRefusal, refusal } from "../../protocol/handshake.ts";
import type { ConnectRefusal, Session } from "../../protocol/handshake.ts";
import type { Peer, SharedProof } from "../../pairing/pairing.ts";
import type { AccessSettings } from "./access.ts";
import { createAttempts } from "./attempts.ts";
import type { CredentialKind } from "./attempts.ts";
import { createPasswordCheck } from "./password.ts";
import type { PasswordCheck } from "./password.ts";
import { hopsOf, peerOf } from "./peer.ts";
import type { Incoming } from "./peer.ts";

/** What a client shows; `auth` of a `connect` request has the same names. */
export type Shown = { readonly [K in CredentialKind]?: string | undefined };

/** Who the local Tailscale daemon says is behind an address; undefined where it knows nobody. */
export type Whois = (address: string) => Promise<{ readonly user: string } | undefined>;

export type Auth = {
  /** Says what the shared credentials prove, and counts nothing: for use inside of `attempt` only. */
  prove(req: Incoming, shown: Shown): Promise<SharedProof>;
  /**
   * Lets `decide` judge what was shown, under the limits on guessing: counted where the refusal says that something was
   * guessed wrong, and unheard while this client must wait. A shared secret that must wait is told to `decide` as
   * refused, for a device's token beside it is nothing that a neighbour's guesses could lock out.
   */
  attempt<T extends object>(
    from: { readonly req: Incoming; readonly shown: Shown; readonly deviceId?: string | undefined },
    decide: (shared: SharedProof, peer: Peer) => Promise<T | ConnectRefusal>,
  ): Promise<T | ConnectRefusal>;
};

export type AuthDeps = {
  readonly access: () => AccessSettings;
  readonly now: () => number;
  /** Without it Tailscale's identity headers are refused. */
  readonly whois?: Whois | undefined;
};

export function createAuth(deps: AuthDeps): Auth {
  const attempts = createAttempts(deps.now);
  const checkPassword = createPasswordCheck();
  const prove = (req: Incoming, shown: Shown): Promise<SharedProof> => proofOf({ ...deps, checkPassword }, req, shown);

  return {
    prove,
    async attempt({ req, shown, deviceId }, decide) {
      const access = deps.access();
      const peer = peerOf(req, access);
      const guesser = { peer, deviceId };
      // In that mode a password stands in either field, and is one secret in both.
      const sharedKind = access.mode === "password" ? "password" : "token";
      const waitMs = (kind: CredentialKind, ...fields: readonly CredentialKind[]): number =>
        fields.some((field) => shown[field] !== undefined) ? attempts.waitMs(guesser, kind) : 0;
      const sharedWaitMs = waitMs(sharedKind, "token", "password");
      const ownWaitMs = Math.max(waitMs("deviceToken", "deviceToken"), waitMs("bootstrapToken", "bootstrapToken"));
      // On a direct connection from this machine a right credential is still let in, or any program here could lock the
      // owner out.
      if (ownWaitMs > 0 && !peer.isLocal) return rateLimited(ownWaitMs);
      const isUnheard = sharedWaitMs > 0 && !peer.isLocal;
      const shared = isUnheard ? unheard(sharedWaitMs) : await prove(req, shown);
      const decided = await decide(shared, peer);
      if (!isRefused(decided)) {
        // Only what proved itself: who has a device's token must not be able to guess at the password beside it.
        if (shared.kind === "proved") attempts.succeeded(guesser, sharedKind);
        return decided;
      }
      const guessed = guessedKind(decided, sharedKind);
      // The same word in two fields is a guess at both secrets, whichever of them the answer speaks of: a key that is
      // made for each guess must not buy another count.
      const isSharedGuess = shared.kind === "refused" && guessedKind(shared.refusal, sharedKind) === sharedKind;
      if (isSharedGuess && guessed !== sharedKind) attempts.failed(guesser, sharedKind, access.rateLimit);
      if (guessed === undefined) return decided;
      const waitedMs = guessed === sharedKind ? sharedWaitMs : ownWaitMs;
      if (waitedMs > 0) return rateLimited(waitedMs);
      const lockedMs = attempts.failed(guesser, guessed, access.rateLimit);
      return lockedMs > 0 ? rateLimited(lockedMs) : decided;
    },
  };
}

/** Undefined where nothing was guessed. */
function guessedKind({ error }: ConnectRefusal, sharedKind: CredentialKind): CredentialKind | undefined {
  switch (error.details?.["code"]) {
    case "AUTH_TOKEN_MISMATCH":
    case "AUTH_PASSWORD_MISMATCH":
      return sharedKind;
    case "AUTH_DEVICE_TOKEN_MISMATCH":
      return "deviceToken";
    case "AUTH_BOOTSTRAP_TOKEN_INVALID":
      return "bootstrapToken";
    default:
      return undefined;
  }
}

function unheard(waitMs: number): SharedProof {
  return { kind: "refused", refusal: rateLimited(waitMs) };
}

function isRefused(decided: object): decided is ConnectRefusal {
  return isRefusal(decided as Session | ConnectRefusal);
}

type Proving = AuthDeps & { readonly checkPassword: PasswordCheck };

async function proofOf(deps: Proving, req: Incoming, shown: Shown): Promise<SharedProof> {
  const access = deps.access();
  const asks = access.allowTailscale && Object.values(shown).every((one) => one === undefined);
  const named = asks ? await proofOfTailscale(deps, req) : undefined;
  if (named !== undefined) return named;
  if (access.mode === "trusted-proxy") return proofOfProxy(access, req);
  if (access.mode === "none") return proofOfPlace(access, req, shown.token);
  if (access.mode === "password") return await proofOfPassword(deps, shown);
  return proofOfToken(access, shown.token);
}

function proofOfToken({ tokenHashes }: AccessSettings, token: string | undefined): SharedProof {
  if (token === undefined) return { kind: "absent" };
  if (tokenHashes.length === 0) return refused("no gateway token is set; start the gateway again to make one", notSet);
  // Hashing comes first and every hash is compared, so that neither the token's length nor which of them it resembles
  // shows in the time it takes.
  const hash = sha256(token);
  const matching = tokenHashes.filter((known) => equalInConstantTime(hash, known));
  if (matching.length > 0) return { kind: "proved", method: "token" };
  return refused("unauthorized: the gateway token is not the right one; see it with: lorica token show", {
    code: "AUTH_TOKEN_MISMATCH",
    authReason: "token_mismatch",
    canRetryWithDeviceToken: true,
    recommendedNextStep: "update_auth_credentials",
  });
}

const notSet = { code: "AUTH_TOKEN_NOT_CONFIGURED", recommendedNextStep: "update_auth_configuration" };

async function proofOfPassword({ access, checkPassword }: Proving, { password, token }: Shown): Promise<SharedProof> {
  const { passwordHash } = access();
  // Clients that know only one field put the password there.
  const given = password ?? token;
  if (given === undefined) return { kind: "absent" };
  if (passwordHash === undefined)
    return refused("no gateway password is set; set gateway.auth.password", {
      code: "AUTH_PASSWORD_NOT_CONFIGURED",
      recommendedNextStep: "update_auth_configuration",
    });
  if (await checkPassword(given, passwordHash)) return { kind: "proved", method: "password" };
  return refused("unauthorized: the gateway password is not the right one", {
    // Names the field that the client has to correct.
    code: password === undefined ? "AUTH_TOKEN_MISMATCH" : "AUTH_PASSWORD_MISMATCH",
    authReason: "password_mismatch",
    recommendedNextStep: "update_auth_credentials",
  });
}

/** Without authentication only this machine itself is let in, whatever the listener is bound to. */
function proofOfPlace(access: AccessSettings, req: Incoming, token: string | undefined): SharedProof {
  const shown = proofOfToken(access, token);
  if (shown.kind === "proved") return shown;
  if (peerOf(req, access).isLocal) return { kind: "proved", method: "none" };
  return refused("without authentication the gateway answers this machine only", { code: "AUTH_UNAUTHORIZED" });
}

/** The proxy has authenticated its user; who has not come through it has shown nothing. */
function proofOfProxy(access: AccessSettings, req: Incoming): SharedProof {
  if (!hopsOf(req, access).isByProxy) return { kind: "absent" };
  const { userHeader, requiredHeaders, allowUsers } = access.trustedProxy;
  const missing = requiredHeaders.find((name) => oneHeader(req.headers, name) === undefined);
  const user = userHeader === undefined ? undefined : oneHeader(req.headers, userHeader);
  if (missing !== undefined || user === undefined)
    return refused(`the proxy did not send ${missing ?? userHeader ?? "the user"}`, {
      code: "AUTH_IDENTITY_HEADER_REQUIRED",
      recommendedNextStep: "review_auth_configuration",
    });
  if (allowUsers.includes(user)) return { kind: "proved", method: "trusted-proxy", user };
  return refused("this user may not use the gateway; gateway.auth.trustedProxy.allowUsers names those who may", {
    code: "AUTH_VERIFIED_USER_REQUIRED",
  });
}

/**
 * Tailscale's proxy runs on this machine and names the user; whoever else connects here could write the same header, so
 * the daemon is asked who is really behind the address (NET-007). Undefined where the request did not come that way.
 */
async function proofOfTailscale({ whois }: Proving, req: Incoming): Promise<SharedProof | undefined> {
  const login = oneHeader(req.headers, "tailscale-user-login");
  if (login === undefined) return undefined;
  const address = oneHeader(req.headers, "x-forwarded-for");
  const next = { recommendedNextStep: "review_auth_configuration" };
  if (!isLoopbackAddress(req.socket.remoteAddress ?? "") || address === undefined)
    return refused("Tailscale's headers are believed only from its proxy on this machine", {
      code: "AUTH_TAILSCALE_PROXY_MISSING",
      ...next,
    });
  const found = await whois?.(address);
  if (found === undefined)
    return refused("Tailscale does not know who is behind this address", {
      code: "AUTH_TAILSCALE_WHOIS_FAILED",
      ...next,
    });
  if (found.user === login) return { kind: "proved", method: "tailscale", user: login };
  return refused("Tailscale knows somebody else behind this address", {
    code: "AUTH_TAILSCALE_IDENTITY_MISMATCH",
    ...next,
  });
}

function oneHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

function refused(message: string, details: Readonly<Record<string, unknown>>): SharedProof {
  return { kind: "refused", refusal: refusal(message, 1008, details) };
}

function rateLimited(waitMs: number): ConnectRefusal {
  const details = { code: "AUTH_RATE_LIMITED", authReason: "rate_limited", recommendedNextStep: "wait_then_retry" };
  const refused = refusal("too many failed attempts; wait before the next one", 1008, details);
  return { ...refused, error: { ...refused.error, retryable: true, retryAfterMs: waitMs } };
}
