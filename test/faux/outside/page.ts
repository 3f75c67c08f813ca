// An installation with its page built, and browsers that sign in to it the way their owner does.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { buildWeb } from "../../../tools/build-web.ts";
import { createInstallation } from "../installation.ts";
import type { Installation } from "../installation.ts";
import { launchBrowser } from "./browser.ts";
import type { TestBrowser } from "./browser.ts";

export type PageHouse = {
  readonly installation: Installation;
  readonly browser: TestBrowser;
  readonly url: string;
  /** A link as `lorica dashboard` prints it: good for one browser. */
  signInLink(): Promise<string>;
  close(): Promise<void>;
};

const web = resolve(import.meta.dirname, "../../../web");

export async function openPageHouse(config: Readonly<Record<string, unknown>> = {}): Promise<PageHouse> {
  await buildPage();
  const installation = await createInstallation();
  installation.writeConfig(config);
  await installation.start();
  const browser = await launchBrowser();
  return {
    installation,
    browser,
    url: `http://127.0.0.1:${installation.port}/`,
    async signInLink() {
      const { code, stdout, stderr } = await installation.run(["dashboard", "--print"]);
      if (code !== 0) throw new Error(`dashboard ended with ${code}: ${stderr}`);
      return stdout.trim();
    },
    async close() {
      await browser.close();
      await installation.remove();
    },
  };
}

/** Somebody whose copy is not theirs to write has one that was built when it was published. */
async function buildPage(): Promise<void> {
  const isMine = access(web, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (await isMine) await buildWeb(join(web, "dist"));
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.keyboard.press("Enter");
}

/** Until the page shows that nothing is under way any more. */
export async function untilAnswered(page: Page, text: RegExp): Promise<void> {
  await page.locator(".answer", { hasText: text }).last().waitFor();
  await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
}
