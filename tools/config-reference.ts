// Writes docs/config.md from the config schema.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { renderReference } from "../src/config/reference.ts";

const docs = join(resolve(import.meta.dirname, ".."), "docs");
mkdirSync(docs, { recursive: true });
writeFileSync(join(docs, "config.md"), renderReference());
