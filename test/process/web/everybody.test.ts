// The page for everybody: without a mouse, with a screen reader, in the dark, on a telephone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { whyNoBrowser } from "../../faux/outside/browser.ts";
import { openPageHouse, say, untilAnswered } from "../../faux/outside/page.ts";
import type { PageHouse } from "../../faux/outside/page.ts";

const skip = whyNoBrowser ?? false;

let house: PageHouse;

before(async () => {
  if (skip === false) house = await openPageHouse();
});
after(() => house?.close());

type Violation = {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
};

/** Through the debugger, which the page's own policy does not bind. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations: found } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe.run(),
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}: ${failureSummary}`),
  );
}

const conversation = [
  "# A heading",
  "Some *text* with `code`, a [link](https://example.org) and more.",
  "",
  "#### Deep at once",
  "",
  "> # in a quotation",
  "",
  "- one",
  "- two",
  "",
  "| name | size |",
  "|---|--:|",
  "| a | 1 |",
];

test("axe finds nothing, in light and dark, on a screen and on a telephone", { skip }, async () => {
  const words = ["agent", "--session-id", "main", "--message", "show me", "--rehearsal-script", "-"];
  const script = [
    "!think let me see",
    '!call exec {"command":"echo hello"}',
    ...conversation.map((line) => `!say ${line}`),
  ];
  const played = await house.installation.run(words, { input: script.join("\n") });
  assert.equal(played.code, 0, played.stderr);
  const found: Record<string, readonly string[]> = {};
  const phone = { width: 360, height: 740 };
  for (const colorScheme of ["light", "dark"] as const) {
    const visitor = await house.browser.visitor({ colorScheme });
    const page = await visitor.open(house.url);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    found[`signed out, ${colorScheme}`] = await violations(page);
    await page.goto(await house.signInLink());
    await page.locator(".answer").first().waitFor();
    for (const summary of await page.locator(".thread summary").all()) await summary.click();
    found[`chat, ${colorScheme}`] = await violations(page);
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByRole("heading", { name: "What shall we do?" }).waitFor();
    found[`empty, ${colorScheme}`] = await violations(page);
    await page.goBack();
    await page.locator(".answer").first().waitFor();
    await page.setViewportSize(phone);
    found[`telephone, ${colorScheme}`] = await violations(page);
    await page.getByRole("button", { name: "Show conversations" }).click();
    await page.getByRole("button", { name: "Hide conversations" }).waitFor();
    await page.waitForTimeout(300);
    found[`telephone's list, ${colorScheme}`] = await violations(page);
    await page.keyboard.press("Escape");
    await page.locator("summary[aria-label=Settings]").click();
    found[`settings, ${colorScheme}`] = await violations(page);
    assert.deepEqual(visitor.complaints, []);
    await visitor.context.close();
  }
  assert.deepEqual(
    Object.entries(found).filter(([, list]) => list.length > 0),
    [],
  );
});

test("at 360 pixels nothing is wider than the screen", { skip }, async () => {
  const visitor = await house.browser.visitor({
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  });
  const page = await visitor.open(await house.signInLink());
  await page.locator(".answer").first().waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll(".main *")]
      .filter((one) => one.getBoundingClientRect().right > 361 && one.closest("pre, .table, .tool-about") === null)
      .map((one) => one.className),
  );
  assert.deepEqual(wide, []);
});

test("on a wide screen the conversation has all that the list leaves", { skip }, async () => {
  const visitor = await house.browser.visitor({ viewport: { width: 1280, height: 800 } });
  const page = await visitor.open(await house.signInLink());
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  const list = await page.locator(".sidebar").boundingBox();
  assert.deepEqual(list, { x: 0, y: 0, width: 280, height: 800 });
  assert.deepEqual(await page.locator(".main").boundingBox(), { x: 280, y: 0, width: 1000, height: 800 });
});

/** What has the focus, as somebody who hears the page would know it. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: one } = document;
    return one?.getAttribute("aria-label") ?? one?.textContent ?? "";
  });

test("a conversation can be had, renamed and deleted with the keyboard alone", { skip }, async () => {
  const visitor = await house.browser.visitor();
  const page = await visitor.open(await house.signInLink());
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  const tabTo = async (wanted: RegExp, key = "Tab"): Promise<void> => {
    for (let step = 0; step < 40; step++) {
      if (wanted.test(await focused(page))) return;
      await page.keyboard.press(key);
    }
    assert.fail(`${wanted} is not to be reached by ${key}; the focus is on ${await focused(page)}`);
  };
  assert.equal(await focused(page), "Message", "one can write at once");
  await tabTo(/^New conversation$/, "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "What shall we do?" }).waitFor();
  await tabTo(/^Message$/);
  await page.keyboard.type("hello there");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("friend");
  await page.keyboard.press("Enter");
  await untilAnswered(page, /Hello!/);
  assert.equal(await page.locator(".user .said").innerText(), "hello there\nfriend");
  await page.locator(".session.shown", { hasText: "hello there" }).waitFor();

  await tabTo(/^More about hello there$/, "Shift+Tab");
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "Rename");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "More about hello there", "Escape gives the focus back");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("Greetings");
  await page.keyboard.press("Enter");
  await page.locator("header h1", { hasText: "Greetings" }).waitFor();

  await tabTo(/^More about Greetings$/, "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByText("This cannot be undone.").waitFor();
  await tabTo(/^Delete$/);
  await page.keyboard.press("Enter");
  await page.locator("header h1", { hasText: "Main conversation" }).waitFor();
  assert.equal(await page.locator(".session", { hasText: "Greetings" }).count(), 0);
});

test("an answer is told to those who cannot see it, as a whole and when it is there", { skip }, async () => {
  const visitor = await house.browser.visitor();
  const page = await visitor.open(await house.signInLink());
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  await say(page, "hello");
  await page.locator("[aria-live=polite]", { hasText: "Hello! I only rehearse" }).waitFor({ state: "attached" });
});

test("light and dark can be chosen, and stay chosen", { skip }, async () => {
  const visitor = await house.browser.visitor({ colorScheme: "light" });
  const page = await visitor.open(await house.signInLink());
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await ground();
  await page.locator("summary[aria-label=Settings]").click();
  await page.getByLabel("Appearance").selectOption("Dark");
  const dark = await ground();
  assert.notEqual(dark, before);
  await page.reload();
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  assert.equal(await ground(), dark);
});
