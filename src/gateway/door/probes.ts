// What asks whether the gateway lives. Strangers learn that and no more; who shows a credential is told particulars.
import type { Edge } from "../edge.ts";
import { sendJson } from "../http/answer.ts";
import type { CallerCheck } from "./caller.ts";
import { refuseSecretsInQuery } from "./guard.ts";
import { allow } from "./refuse.ts";
import type { Exchange } from "./route.ts";

type Told = { readonly status: number; readonly body: Record<string, unknown> };

/** False where the path is no probe. */
export function createProbes(edge: Edge, identify: CallerCheck): (exchange: Exchange) => Promise<boolean> {
  const particulars = () => ({ version: edge.settings().version, uptimeMs: edge.clock.now() - edge.startedAt });

  return async ({ req, res, path }) => {
    const told = tell(edge, path);
    if (told === undefined) return false;
    allow(req, "GET", "HEAD");
    refuseSecretsInQuery(req);
    const { status, body } = told;
    if (req.headers.authorization === undefined || body["status"] === "live") sendJson(res, { status, body });
    else {
      await identify(req);
      sendJson(res, {
        status,
        body: { ...body, ...particulars(), ...(status === 503 ? { failing: ["draining"] } : {}) },
      });
    }
    return true;
  };
}

function tell(edge: Edge, path: string): Told | undefined {
  const isReady = !edge.isDraining();
  if (path === "/health" || path === "/healthz") return { status: 200, body: { ok: true, status: "live" } };
  if (path === "/ready" || path === "/readyz") return { status: isReady ? 200 : 503, body: { ready: isReady } };
  if (path === "/startup" || path === "/startupz") return { status: 200, body: { ok: true, status: "started" } };
  return undefined;
}
