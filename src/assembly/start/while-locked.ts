// Work on the files of a state directory that no broker is running on.
import { lockMeetingDir, lockStateDir } from "../../config/config.ts";
import type { StatePaths } from "../../config/config.ts";

/** Runs `work` while nobody else may start on the directory; throws `locked` where somebody has. */
export async function whileLocked<T>(paths: StatePaths, work: () => Promise<T>): Promise<T> {
  const lock = await lockStateDir({
    stateDir: paths.stateDir,
    configPath: paths.configPath,
    workspaces: [],
    // No port is taken; the number only has to be nobody's.
    port: 0,
    meetingDir: lockMeetingDir(paths.home),
  });
  try {
    return await work();
  } finally {
    lock.release();
  }
}
