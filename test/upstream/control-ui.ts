// Upstream's Control UI in a real Chromium: let in by the owner, it shows what was said, says something, and shows each
// message once, also after a reload.
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import type { Page } from "playwright-core";
import { launchBrowser } from "../faux/outside/browser.ts";
import { succeed } from "./house.ts";
import type { House } from "./house.ts";
import { servePage } from "./page-server.ts";

const earlier = "said before the page was there";
const said = "said on the page";
const counted = "list the files here and count them";
const meanwhile = "said while the page was closed";
const waitMs = 60_000;

export async function chatOnPage(house: House): Promise<readonly string[]> {
  const { lorica } = house;
  // Whatever the others said in this session would be counted with ours; there may be none.
  await lorica.run(["sessions", "reset", "main"]);
  await succeed(lorica, ["agent", "--session-id", "main", "--message", earlier]);
  const server = await servePage(house.peer.page, house.pagePort);
  const browser = await launchBrowser();
  try {
    const { context } = await browser.visitor();
    const page = await context.newPage();
    const wire = watchWire(page, house.url);
    const query = `gatewayUrl=${encodeURIComponent(house.url)}`;
    await page.goto(`http://127.0.0.1:${house.pagePort}/?${query}#token=${lorica.token}`);
    // It asks whoever follows such a link whether they mean to.
    await page.getByRole("button", { name: /^Switch to/ }).click({ timeout: waitMs });
    await page.getByText("Approve this browser").waitFor({ timeout: waitMs });
    const approved = await house.approve("openclaw-control-ui");
    await shows(page, { rows: [earlier], answered: 1 });
    await say(page, said);
    await shows(page, { rows: [earlier, said], answered: 2 });
    // By the end of a second turn the page has had every reason to fetch the first one again.
    await say(page, counted);
    await shows(page, { rows: [earlier, said, counted], answered: 3 });
    await page.reload();
    await shows(page, { rows: [earlier, said, counted], answered: 3 });
    // It keeps what it has shown, and asks only for what is new.
    await page.goto("about:blank");
    await succeed(lorica, ["agent", "--session-id", "main", "--message", meanwhile]);
    await page.goto(`http://127.0.0.1:${house.pagePort}/chat/main`);
    await shows(page, { rows: [earlier, said, counted, meanwhile], answered: 4 });
    assert.deepEqual(wire.signatures(), ["v2"]);
    return [
      approved,
      "history shown, 2 messages sent, a reload, 1 message while it was closed: each message and each answer once",
      `signatures: ${wire.signatures().join(" ")}`,
      `not known here, and not needed: ${wire.unknown().join(" ")}`,
      ...wire.refused(),
    ];
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

async function say(page: Page, text: string): Promise<void> {
  await page.locator("textarea").last().fill(text);
  await page.keyboard.press("Enter");
}

/** Waits until the last answer is there, and then wants each row exactly once. */
async function shows(
  page: Page,
  wanted: { readonly rows: readonly string[]; readonly answered: number },
): Promise<void> {
  const times = (text: string) => page.getByText(text, { exact: true });
  const answers = times("(rehearsal model – not an AI)");
  await answers
    .nth(wanted.answered - 1)
    .waitFor({ timeout: waitMs })
    .catch(async (cause: unknown) => {
      throw new Error(`the page shows: ${await page.locator("body").innerText()}`, { cause });
    });
  const rows = await Promise.all(wanted.rows.map((text) => times(text).count()));
  assert.deepEqual({ rows, answered: await answers.count() }, { rows: rows.map(() => 1), answered: wanted.answered });
}

type Frame = {
  readonly id?: string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly ok?: boolean;
  readonly error?: { readonly message: string };
};

/** How the page signs, and what our gateway would not do for it. */
function watchWire(page: Page, url: string) {
  const asked = new Map<string, string>();
  const signatures = new Set<string>();
  const unknown = new Set<string>();
  const refused = new Set<string>();
  page.on("websocket", (socket) => {
    if (!socket.url().startsWith(url)) return;
    socket.on("framesent", ({ payload }) => {
      const { id = "", method = "", params = {} } = JSON.parse(String(payload)) as Frame;
      asked.set(id, method);
      if (method === "connect") signatures.add(signatureVersion(params as ConnectParams));
    });
    socket.on("framereceived", ({ payload }) => {
      const { id = "", ok, error } = JSON.parse(String(payload)) as Frame;
      const method = asked.get(id) ?? "?";
      if (ok !== false || method === "connect") return;
      if (error?.message.startsWith("unknown method") === true) unknown.add(method);
      else refused.add(`refused: ${method}: ${error?.message ?? ""}`);
    });
  });
  const sorted = (set: ReadonlySet<string>) => (): readonly string[] => [...set].toSorted();
  return { signatures: sorted(signatures), unknown: sorted(unknown), refused: sorted(refused) };
}

type ConnectParams = {
  readonly client: { readonly id: string; readonly mode: string };
  readonly role: string;
  readonly scopes: readonly string[];
  readonly auth?: { readonly token?: string; readonly deviceToken?: string; readonly bootstrapToken?: string };
  readonly device: Readonly<Record<"id" | "publicKey" | "signature" | "nonce", string>> & { readonly signedAt: number };
};

/** Verified here by hand: that the gateway took it says only that it took something. */
function signatureVersion({ client, role, scopes, auth = {}, device }: ConnectParams): string {
  const token = auth.token ?? auth.deviceToken ?? auth.bootstrapToken ?? "";
  const { id, publicKey, signature, signedAt, nonce } = device;
  const text = ["v2", id, client.id, client.mode, role, scopes.join(","), signedAt, token, nonce].join("|");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: publicKey }, format: "jwk" });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, "base64url")) ? "v2" : "another";
}
