// `openclaw acp`: an editor's protocol on standard input and output, lines of JSON-RPC, answered by our gateway.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import type { House } from "./house.ts";

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly update?: { readonly sessionUpdate?: string; readonly content?: { readonly text?: string } };
  };
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: unknown;
};

/** Behind a program of upstream's that an editor started: what an editor asks of it, and what it was told meanwhile. */
function openEditor(house: House) {
  const bridge = house.peer.start(["acp", "--url", house.url, "--token", house.lorica.token]);
  const told: Message[] = [];
  const waiting = new Map<number, (answer: Message) => void>();
  let said = "";
  bridge.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  createInterface({ input: bridge.stdout }).on("line", (line) => {
    const message = JSON.parse(line) as Message;
    if (message.method === undefined) waiting.get(message.id ?? -1)?.(message);
    else told.push(message);
  });
  const ended = new Promise<number | null>((done) => bridge.once("close", done));
  let count = 0;
  return {
    told,
    ended,
    said: () => said,
    async ask(method: string, params: unknown): Promise<Readonly<Record<string, unknown>>> {
      const id = ++count;
      const answered = new Promise<Message>((done) => waiting.set(id, done));
      bridge.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
      const over = ended.then((code) => ({ error: `it ended with ${code}: ${said}` }) as Message);
      const { result, error } = await Promise.race([answered, over]);
      assert.ok(result !== undefined, `${method}: ${JSON.stringify(error)} ${said}`);
      return result;
    },
    close: () => bridge.kill("SIGKILL"),
  };
}

export async function promptFromEditor(house: House): Promise<readonly string[]> {
  const editor = openEditor(house);
  try {
    const hello = await editor.ask("initialize", {
      protocolVersion: 1,
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false } },
    });
    const { sessionId } = await editor.ask("session/new", { cwd: house.peer.env["HOME"], mcpServers: [] });
    const done = await editor.ask("session/prompt", {
      sessionId,
      prompt: [{ type: "text", text: "hello from an editor" }],
    });
    assert.equal(done["stopReason"], "end_turn");
    const said = editor.told
      .map(({ params }) => params?.update)
      .filter((update) => update?.sessionUpdate === "agent_message_chunk")
      .map((update) => update?.content?.text ?? "");
    assert.match(said.join(""), /rehearsal model/);
    return [
      `protocol ${String(hello["protocolVersion"])}`,
      `${said.length} updates: ${said.join("")}`,
      JSON.stringify(done),
    ];
  } finally {
    editor.close();
  }
}
