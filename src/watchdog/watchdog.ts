// Watches over what decides how Lorica behaves, and tells the owner of what they did not do themselves.
export { openAlerts } from "./alerts.ts";
export type { Alert, AlertMessage, AlertOwner, Alerts } from "./alerts.ts";
export { openInstructionBook } from "./instruction-book.ts";
export type { InstructionBook } from "./instruction-book.ts";
export { watchInstructions } from "./instructions.ts";
export type { InstructionEvent, InstructionWatch } from "./instructions.ts";
export { openStartBook } from "./starts.ts";
export type { Begun, StartBook } from "./starts.ts";
export { listStartFiles } from "./unit-places.ts";
export { watchUnits } from "./units.ts";
export type { UnitWatch } from "./units.ts";
