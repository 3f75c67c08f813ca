// Writes docs/methods.md from the method tables.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { renderMethods } from "../src/protocol/reference.ts";

writeFileSync(join(resolve(import.meta.dirname, ".."), "docs", "methods.md"), renderMethods());
