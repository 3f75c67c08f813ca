// Writes docs/cli.md from the command tables.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { renderReference } from "../src/cli/table/reference.ts";

writeFileSync(join(resolve(import.meta.dirname, ".."), "docs", "cli.md"), renderReference());
