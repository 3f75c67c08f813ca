// A real Chromium, with its own sandbox wherever this machine lets it have one. Whatever a page complains about is kept:
// a script that was blocked, an error that nobody caught.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";

const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** Why tests in a browser cannot run here; undefined where they can. */
export const whyNoBrowser = program === undefined ? "chromium is not installed" : undefined;

export type Visitor = {
  readonly context: BrowserContext;
  /** Everything that pages of this visitor have complained about. */
  readonly complaints: string[];
  open(url: string): Promise<Page>;
};

export type TestBrowser = {
  /** Somebody with a browser profile of their own. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>;
  close(): Promise<void>;
};

export async function launchBrowser(): Promise<TestBrowser> {
  const home = mkdtempSync(join(tmpdir(), "lorica-browser-"));
  const options = { executablePath: program ?? "", env: { HOME: home, PATH: "/usr/bin:/bin", TMPDIR: home } };
  const browser = await chromium
    .launch({ ...options, chromiumSandbox: true })
    // In a container without nested namespaces there is none to be had; what is tested does not lean on it.
    .catch(() => chromium.launch({ ...options, chromiumSandbox: false }));
  return {
    async visitor(contextOptions = {}) {
      const context = await browser.newContext({ viewport: { width: 1_180, height: 800 }, ...contextOptions });
      const complaints: string[] = [];
      context.on("console", (line) => {
        if (line.type() === "error" || line.type() === "warning") complaints.push(line.text());
      });
      context.on("weberror", (error) => complaints.push(String(error.error())));
      context.on("dialog", (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      return {
        context,
        complaints,
        async open(url) {
          const page = await context.newPage();
          await page.goto(url);
          return page;
        },
      };
    },
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
