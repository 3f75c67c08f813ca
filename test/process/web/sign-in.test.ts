import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { whyNoBrowser } from "../../faux/outside/browser.ts";
import { openPageHouse, say, untilAnswered } from "../../faux/outside/page.ts";
import type { PageHouse } from "../../faux/outside/page.ts";

const skip = whyNoBrowser ?? false;
let house: PageHouse;

before(async () => {
  if (skip === false) house = await openPageHouse();
});
after(() => house?.close());

test(
  "GW-002 UI-001 UI-002 UI-004 CH-008 GAP-055 a printed link signs a browser in, once: chat, a tool call, reload, still there",
  { skip },
  async () => {
    const link = await house.signInLink();
    assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/#code=[\w-]{20,}$/);
    const owner = await house.browser.visitor();
    const page = await owner.open(link);
    await page.getByRole("heading", { name: "What shall we do?" }).waitFor();
    assert.equal(new URL(page.url()).hash, "", "the code has left the address");

    await page.getByRole("button", { name: "How many files are in the workspace?" }).click();
    await untilAnswered(page, /There (is|are) \d+ files? here/);
    const tool = page.locator(".tool");
    assert.equal(await tool.count(), 1);
    await tool.locator("summary").click();
    assert.match(await tool.innerText(), /exec[\s\S]*done[\s\S]*Input[\s\S]*Output[\s\S]*counted: \d+ files/);
    assert.equal(await page.locator(".user").count(), 1, "what was said stands there once");

    await page.reload();
    await untilAnswered(page, /There (is|are) \d+ files? here/);
    assert.deepEqual(
      [await page.locator(".user").count(), await page.locator(".tool").count(), await page.locator(".answer").count()],
      [1, 1, 1],
    );

    const stranger = await house.browser.visitor();
    const refused = await stranger.open(link);
    await refused.getByText("This link does not work any more").waitFor();
    assert.match(await refused.innerText("main"), /lorica dashboard[\s\S]*ssh -N -L \d+:127\.0\.0\.1:\d+ user@host/);
    assert.deepEqual(owner.complaints, []);
  },
);

test("UI-005 ADV-002 no address makes the page connect anywhere else, or sign in with a token", { skip }, async () => {
  const visitor = await house.browser.visitor();
  const sockets: string[] = [];
  const page = await visitor.context.newPage();
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.goto(
    `${house.url}?gatewayUrl=ws://127.0.0.1:9/#gatewayUrl=ws://127.0.0.1:9/&token=${house.installation.token}`,
  );
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.deepEqual(sockets, []);
  assert.equal(new URL(page.url()).hash, "");
  const response = await page.goto(`${house.url}?token=${house.installation.token}`);
  assert.equal(response?.status(), 400);
  assert.match(await page.innerText("main"), /lorica dashboard/);
});

test(
  "a code can be pasted, and the browser that it signed in is one that can be sent away again",
  { skip },
  async () => {
    const visitor = await house.browser.visitor();
    const page = await visitor.open(house.url);
    const field = page.getByLabel("Or paste the link, or only its code");
    await field.fill("no code");
    await page.keyboard.press("Enter");
    await page.getByText("This is neither a link").waitFor();
    await field.fill(await house.signInLink());
    await page.keyboard.press("Enter");
    await page.getByRole("textbox", { name: "Message" }).waitFor();

    const { stdout } = await house.installation.run(["devices", "list", "--json"]);
    const { paired } = JSON.parse(stdout) as {
      paired: { deviceId: string; displayName?: string; createdAtMs: number }[];
    };
    const mine = paired.toSorted((a, b) => b.createdAtMs - a.createdAtMs)[0];
    assert.match(mine?.displayName ?? "", /Chrome on Linux/);
    const removed = await house.installation.run(["devices", "remove", mine?.deviceId ?? "", "--yes"]);
    assert.equal(removed.code, 0, removed.stderr);
    await page.getByText("This browser is signed out").waitFor();
  },
);

test("signing out in one place leaves the other browsers signed in", { skip }, async () => {
  const [first, second] = [await house.browser.visitor(), await house.browser.visitor()];
  const here = await first.open(await house.signInLink());
  const there = await second.open(await house.signInLink());
  await there.getByRole("textbox", { name: "Message" }).waitFor();
  await here.getByRole("textbox", { name: "Message" }).waitFor();
  await here.locator("summary[aria-label=Settings]").click();
  await here.getByRole("button", { name: "Sign out" }).click();
  await here.getByText("This browser is not signed in yet.").waitFor();
  await here.reload();
  await here.getByText("This browser is not signed in yet.").waitFor();
  await say(there, "hello");
  await untilAnswered(there, /Hello!/);
});
