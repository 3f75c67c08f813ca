// Which path is whose: probes and the page for everybody, everything else for whoever has shown who they are.
import type { Edge } from "../edge.ts";
import { builtPage, createPage } from "../ui/ui.ts";
import { authenticatedRoutes } from "./api.ts";
import type { Exchange, RoutesDeps } from "./route.ts";
import { createCallerCheck, requireScope } from "./caller.ts";
import { refuseSecretsInQuery } from "./guard.ts";
import { createProbes } from "./probes.ts";
import { allow, notFound } from "./refuse.ts";
import { createTakeDelivery } from "./webhook.ts";

export type Routes = (exchange: Exchange) => Promise<void>;

export function createRoutes(deps: RoutesDeps): Routes {
  const { edge } = deps;
  const identify = createCallerCheck(edge);
  const page = createPage({ folder: builtPage, settings: () => edge.settings().page });
  const takeDelivery = createTakeDelivery(edge);
  const probe = createProbes(edge, identify);
  const routes = authenticatedRoutes(deps);

  return async (exchange) => {
    const { req, path, peer } = exchange;
    if (await probe(exchange)) return;
    if (page.answer(exchange)) return;
    refuseSecretsInQuery(req);
    if (await takeDelivery(exchange)) return;
    if (!isApi(edge, path)) throw notFound(path);
    // Before anything else of the request is looked at, so that whoever shows nothing learns nothing about paths.
    const caller = await identify(req);
    const route = routes(path);
    if (route === undefined) throw notFound(path);
    allow(req, ...route.verbs);
    requireScope(caller, route.scope);
    if (route.rate !== undefined) edge.rates.take(route.rate, peer);
    await route.answer(exchange, caller);
  };
}

/** Paths where something may be; everything else is nowhere, for everybody. */
function isApi(edge: Edge, path: string): boolean {
  const { http } = edge.settings();
  if (path.startsWith("/v1/")) return http.chatCompletions || http.responses;
  return path === "/tools/invoke" || path === "/api/status";
}
