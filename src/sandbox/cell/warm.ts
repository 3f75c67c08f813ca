// Loads every program of a cell once and leaves, so that the compile cache holds them before the first cell starts.
import { flushCompileCache } from "node:module";

// Each is imported under the path that it has in a cell, because that is the cache's key. Without its pipe it fails as
// soon as it runs, and by then it is compiled; any other failure shows in the first cell, which reports it.
const programs = ["./supervisor.ts", "./files/worker.ts"];
const outcomes = await Promise.allSettled(programs.map((program) => import(program)));
flushCompileCache();
process.exit(outcomes.every((outcome) => outcome.status === "rejected") ? 0 : 1);
