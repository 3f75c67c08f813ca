// Backups: one file that holds everything which is needed to go on elsewhere, sealed for the vault's key. Made, tried and
// put back here; who asks for it and where the database's copy comes from is decided by whoever calls.
export { writeArchive } from "./write/archive.ts";
export type { Archive, WrittenArchive } from "./write/archive.ts";
export { createBackup } from "./write/create.ts";
export type { BackupOrder, CreatedBackup } from "./write/create.ts";
export { archiveName, isCloudSynced, keyEnding, listBackups, removeBackup, removeOldBackups } from "./folder.ts";
export type { BackupFile } from "./folder.ts";
export type { BackupKind, Manifest } from "./manifest.ts";
export { verifyBackup } from "./read/verify.ts";
export type { VerifiedBackup } from "./read/verify.ts";
export { finishRestore, restoreBackup } from "./read/restore.ts";
export type { RestoredBackup } from "./read/restore.ts";
export { latestDue } from "./schedule.ts";
export type { BackupSchedule } from "./schedule.ts";
