// Watches over what decides how Lorica behaves, and tells the owner of what they did not do themselves.
export { openAlerts } from "./alerts.ts";
export type { Alert, AlertMessage, AlertOwner, Alerts } from "./alerts.ts";
