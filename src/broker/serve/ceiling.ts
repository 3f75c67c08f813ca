// The most that the gateway may ask for, as the config says it. The broker judges every request by this and by nothing
// that the gateway tells it.
import type { RouteCeiling } from "../../egress/egress.ts";
import type { CellSettings } from "../../sandbox/sandbox.ts";

export type Ceiling = RouteCeiling & { readonly agents: ReadonlyMap<string, CellSettings> };
