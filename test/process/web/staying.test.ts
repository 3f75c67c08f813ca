// What a page does over time: it comes back by itself, loses and doubles nothing, and agrees with its neighbours.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { whyNoBrowser } from "../../faux/outside/browser.ts";
import type { Visitor } from "../../faux/outside/browser.ts";
import { openPageHouse, say, untilAnswered } from "../../faux/outside/page.ts";
import type { PageHouse } from "../../faux/outside/page.ts";

const skip = whyNoBrowser ?? false;
let house: PageHouse;
let owner: Visitor;
let page: Page;

before(async () => {
  if (skip !== false) return;
  house = await openPageHouse({
    logging: { redactSensitive: "off" },
    security: { acknowledged: ["logging.redactSensitive=off"] },
  });
  owner = await house.browser.visitor();
  page = await owner.open(await house.signInLink());
  await page.getByRole("textbox", { name: "Message" }).waitFor();
});
after(() => house?.close());

const said = (where: Page): Promise<readonly string[]> => where.locator(".user .said").allInnerTexts();

test(
  "a gateway that is restarted finds the page again, and what was written meanwhile arrives once",
  { skip },
  async () => {
    await say(page, "hello before");
    await untilAnswered(page, /Hello!/);
    await house.installation.kill();
    await page.getByText("The gateway cannot be reached.").waitFor();
    await say(page, "hello meanwhile");
    await page.getByText("Sending…").waitFor();
    await house.installation.start();
    await page.getByText("The gateway cannot be reached.").waitFor({ state: "detached" });
    await page.locator(".answer").nth(1).waitFor();
    await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
    assert.deepEqual(await said(page), ["hello before", "hello meanwhile"]);
    await page.reload();
    await page.locator(".answer").nth(1).waitFor();
    assert.deepEqual(await said(page), ["hello before", "hello meanwhile"]);
  },
);

test("two tabs of one browser show the same conversation, with nothing twice", { skip }, async () => {
  const second = await owner.open(house.url);
  await second.locator(".answer").nth(1).waitFor();
  await say(second, "hello from the second");
  await page.locator(".user", { hasText: "hello from the second" }).waitFor();
  await page.locator(".answer").nth(2).waitFor();
  await second.locator(".answer").nth(2).waitFor();
  await say(page, "hello from the first");
  await second.locator(".user", { hasText: "hello from the first" }).waitFor();
  await second.locator(".answer").nth(3).waitFor();
  await page.locator(".answer").nth(3).waitFor();
  assert.deepEqual(await said(second), await said(page));
  assert.equal((await said(page)).length, 4);
});

test("a run that goes on for a while is shown as it goes, and can be stopped", { skip }, async () => {
  const words = ["agent", "--session-id", "main", "--message", "take your time", "--rehearsal-script", "-"];
  const running = house.installation.run(words, {
    input: '!call exec {"command":"echo begun; sleep 60"}\n!say done with it',
  });
  await page.locator(".tool.running").waitFor();
  await page.locator(".tool.running summary").click();
  await page.locator(".tool.running", { hasText: "begun" }).waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
  await running;
  assert.equal(await page.getByText("done with it").count(), 0);
});

test("conversations are begun, named after how they begin, and gone to by their address", { skip }, async () => {
  await page.getByRole("button", { name: "New conversation" }).click();
  await say(page, "hello, this is about the garden");
  await untilAnswered(page, /Hello!/);
  await page.locator("header h1", { hasText: "hello, this is about the garden" }).waitFor();
  const address = page.url();
  await page.locator(".session-name", { hasText: "Main conversation" }).click();
  await page.locator("header h1", { hasText: "Main conversation" }).waitFor();
  await page.goBack();
  await page.locator("header h1", { hasText: "garden" }).waitFor();
  assert.equal(page.url(), address);
  await page.reload();
  await untilAnswered(page, /Hello!/);
  assert.deepEqual(await said(page), ["hello, this is about the garden"]);
});

test("files are attached, shown and sent with a message", { skip }, async () => {
  await page.locator("input[type=file]").setInputFiles([
    { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("some notes") },
    { name: "more.md", mimeType: "", buffer: Buffer.from("# more") },
  ]);
  await page.getByRole("button", { name: "Remove more.md" }).click();
  await say(page, "hello, look at this");
  await page.locator(".user.stored", { hasText: "hello, look at this" }).waitFor();
  assert.deepEqual(await page.locator(".user.stored").last().locator(".file").allInnerTexts(), ["notes.txt"]);
  assert.deepEqual(
    owner.complaints.filter((line) => !/WebSocket connection/.test(line)),
    [],
  );
});

test("what went wrong is said, and can be tried again", { skip }, async () => {
  const words = ["agent", "--session-id", "agent:main:trouble", "--message", "hello", "--rehearsal-script", "-"];
  await page.goto(`${house.url}chat/agent%3Amain%3Atrouble`);
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  await house.installation.run(words, { input: "!fail 400" });
  await page.locator(".failure", { hasText: "Something went wrong." }).waitFor();
  assert.equal(await page.locator(".answer").count(), 0);
  await page.locator(".failure").getByRole("button", { name: "Try again" }).click();
  await untilAnswered(page, /Hello!/);
  assert.equal(await page.locator(".failure").count(), 0);
  assert.deepEqual(await said(page), ["hello", "hello"]);
});

test(
  "of a long conversation the end is shown, and what came before it on request, each message once",
  { skip },
  async () => {
    const calls = Array.from({ length: 40 }, (_, index) => `!call exec {"command":"echo ${index}"}\n!then`);
    const words = [
      "agent",
      "--session-id",
      "agent:main:long",
      "--message",
      "where it all began",
      "--rehearsal-script",
      "-",
    ];
    await house.installation.run(words, { input: [...calls, "!say the end"].join("\n") });
    await page.goto(`${house.url}chat/agent%3Amain%3Along`);
    await untilAnswered(page, /the end/);
    assert.deepEqual(await said(page), []);
    const older = page.getByRole("button", { name: "Show earlier messages" });
    await older.click();
    await page.locator(".user", { hasText: "where it all began" }).waitFor({ state: "attached" });
    await older.waitFor({ state: "detached" });
    assert.equal(await page.locator(".tool").count(), 40);
    assert.equal(await page.locator(".tool.done").count(), 40);
  },
);

test("UI-013 dangerous settings are shown for as long as they are in force", { skip }, async () => {
  await page.reload();
  const banner = page.locator(".banner.danger");
  await banner.waitFor();
  assert.equal(
    (await banner.innerText()).trim(),
    "logging.redactSensitive is off: credentials would be written to the log.",
  );
});

test("UI-013 that commands and file tools are off is shown, with the reason and the remedy", { skip }, async () => {
  const visitor = await house.browser.visitor();
  const other = await visitor.context.newPage();
  // What a gateway on a machine without bubblewrap says of its sandbox.
  const off = '"sandbox":{"state":"off","reason":"bubblewrap is not installed","fix":"install it"';
  await other.routeWebSocket(/./, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((text) => socket.send(String(text).replace(/"sandbox":\{"state":"\w+"/, off)));
  });
  await other.goto(await house.signInLink());
  await other
    .locator(".banner.danger", { hasText: "tools are off: bubblewrap is not installed. install it" })
    .waitFor();
});
