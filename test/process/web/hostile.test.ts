// Whatever models, tools, strangers and configuration say, the page shows it as text. Nothing of it runs, and nothing of it
// makes the browser ask anybody for anything.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { whyNoBrowser } from "../../faux/outside/browser.ts";
import type { Visitor } from "../../faux/outside/browser.ts";
import { openPageHouse, untilAnswered } from "../../faux/outside/page.ts";
import type { PageHouse } from "../../faux/outside/page.ts";

const skip = whyNoBrowser ?? false;

const attacks = [
  "<img src=x onerror=window.pwned=1>",
  "<svg/onload=window.pwned=1>",
  "<script>window.pwned=1</script>",
  "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
  "[click](javascript:window.pwned=1)",
  "[click](data:text/html,<script>window.pwned=1</script>)",
  "[click](&#106;avascript:window.pwned=1)",
  "![x](http://127.0.0.1:9/leak.png)",
  "![x](javascript:window.pwned=1)",
  "<a href='javascript:window.pwned=1'>click</a>",
  "<style>body{display:none}</style>",
  "<base href='http://127.0.0.1:9/'>",
  "<form action='http://127.0.0.1:9/'><input name=q></form>",
  "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
  '<http://127.0.0.1/" onmouseover="window.pwned=1>',
  "</title></textarea><img src=x onerror=window.pwned=1>",
  "`<img src=x onerror=window.pwned=1>`",
  "```<img src=x onerror=window.pwned=1>",
  "| <img src=x onerror=window.pwned=1> |\n|---|\n| <svg/onload=window.pwned=1> |",
  "{{constructor.constructor('window.pwned=1')()}}",
];
const name = "Eve <img src=x onerror=window.pwned=1>";

let house: PageHouse;
let owner: Visitor;
let page: Page;

before(async () => {
  if (skip !== false) return;
  house = await openPageHouse({
    agents: {
      list: [
        { id: "main", name },
        { id: "other", name: `${name} two` },
      ],
    },
  });
  owner = await house.browser.visitor();
  page = await owner.open(await house.signInLink());
  await page.getByRole("textbox", { name: "Message" }).waitFor();
});
after(() => house?.close());

/** Plays a script in the conversation that the page shows, from the one place where that is possible. */
async function play(script: string, message = "hi"): Promise<void> {
  const words = ["agent", "--session-id", "main", "--message", message, "--rehearsal-script", "-"];
  const { code, stderr } = await house.installation.run(words, { input: script });
  assert.equal(code, 0, stderr);
}

/** Clicks on all that can be clicked in the messages, then looks whether anything has run or been asked for. */
async function assertHarmless(): Promise<void> {
  for (const summary of await page.locator(".thread summary").all()) await summary.click();
  const found = await page.evaluate(() => ({
    pwned: "pwned" in globalThis,
    elements: [
      ...document.querySelectorAll(
        "body script, iframe, object, embed, style, base, meta[http-equiv], form[action], img",
      ),
    ].length,
    handlers: [...document.querySelectorAll("*")].filter((one) =>
      one.getAttributeNames().some((attribute) => attribute.startsWith("on")),
    ).length,
    hrefs: [...document.querySelectorAll("a[href]")]
      .map((one) => new URL((one as HTMLAnchorElement).href).protocol)
      .filter((protocol) => !/^(https?|mailto):$/.test(protocol)),
  }));
  assert.deepEqual(found, { pwned: false, elements: 0, handlers: 0, hrefs: [] });
  assert.deepEqual(owner.complaints, []);
}

test(
  "UI-006 ADV-024 an answer that is made of attacks is shown and does nothing, as it comes and after a reload",
  { skip },
  async () => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    for (const attack of attacks) await play(`!say ${attack.replaceAll("\n", "\n!say ")}\n!say end of it`);
    await page
      .locator(".answer")
      .nth(attacks.length - 1)
      .waitFor();
    await assertHarmless();
    await page.reload();
    await page
      .locator(".answer")
      .nth(attacks.length - 1)
      .waitFor();
    await assertHarmless();
    assert.deepEqual(
      asked.filter((url) => !url.startsWith(house.url)),
      [],
    );
    assert.equal(await page.getByText("<script>window.pwned=1</script>").first().isVisible(), true);
  },
);

test("UI-006 what people and tools say is text, too", { skip }, async () => {
  await play("!say ok, then", attacks.join("\n\n"));
  const command = `cat <<'END'\n${attacks.join("\n")}\nEND`;
  await play(`!call exec ${JSON.stringify({ command })}\n!say looked at it`);
  await untilAnswered(page, /looked at it/);
  await assertHarmless();
  await page.reload();
  await untilAnswered(page, /looked at it/);
  await assertHarmless();
});

test("UI-006 ADV-024 names of agents and of conversations are text, too", { skip }, async () => {
  for (const attack of attacks.slice(0, 6)) {
    await page
      .getByRole("button", { name: /^More about/ })
      .first()
      .click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByLabel("Name", { exact: true }).fill(attack);
    await page.keyboard.press("Enter");
    await page.locator("header h1", { hasText: attack }).waitFor();
    assert.equal(await page.title(), `${attack} – Lorica`);
  }
  assert.equal((await page.getByRole("combobox", { name: "Agent" }).getByText(name).count()) > 0, true);
  await assertHarmless();
});

test("ADV-020 the page cannot be framed, and no other origin may connect as it", { skip }, async () => {
  const response = await page.request.get(house.url);
  assert.match(response.headers()["content-security-policy"] ?? "", /frame-ancestors 'none'/);
  const elsewhere = await house.browser.visitor();
  const foreign = await elsewhere.open("data:text/html,<title>elsewhere</title>");
  const ended = await foreign.evaluate(
    (url) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.addEventListener("open", () => socket.send("{}"));
        socket.addEventListener("message", ({ data }) => /hello-ok/.test(String(data)) && resolve("let in"));
        socket.addEventListener("close", () => resolve("closed"));
      }),
    house.url.replace("http", "ws"),
  );
  assert.equal(ended, "closed");
});
