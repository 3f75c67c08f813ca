// Being found on the local network: whether, with what words, and by which process.
export { decideMdns, describeGateway } from "./announcement.ts";
export type { Announcement } from "./announcement.ts";
export { parseFound } from "./found.ts";
export type { FoundGateway } from "./found.ts";
export { mdnsProfile } from "./profile.ts";
export { lookAround } from "./surroundings.ts";
