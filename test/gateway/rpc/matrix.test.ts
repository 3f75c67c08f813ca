// catalogue
// Role × scope × method: who may call what. The table here is written down a second time on purpose, from what clients of
// protocol 4 were built against; a method without a row in it does not compile.
//
// Where it differs from upstream's: `send`, `chat.send`, `sessions.send` and `wake` need admin for `/new` and `/reset`,
// because those throw a conversation away like `sessions.reset`; `sessions.patch` is write for every key, because it knows
// none that gives more; `sessions.unsubscribe`, `sessions.export`, `sessions.import`, `channels.pairing.approved` and
// `channels.pairing.revoke` are our own; `config.set`, `channels.start` and `channels.stop` are bounded in number too.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createDispatch } from "../../../src/gateway/dispatch.ts";
import type { CallContext } from "../../../src/gateway/dispatch.ts";
import { methods } from "../../../src/protocol/methods.ts";
import type { MethodHandlers, MethodName } from "../../../src/protocol/methods.ts";
import { scopes } from "../../../src/protocol/scopes.ts";
import type { Scope } from "../../../src/protocol/scopes.ts";
import type { ServerConnection } from "../../../src/protocol/server.ts";

type Need = "read" | "write" | "admin" | "approvals" | "pairing" | "questions";
type Case = readonly [params: object, need: Need];

const table: Readonly<Record<MethodName, Need | "node" | readonly Case[]>> = {
  health: "read",
  status: "read",
  "models.list": "read",
  "logs.tail": "read",
  "system-presence": "read",
  "system.info": "read",
  "last-heartbeat": "read",
  "update.status": "admin",
  "skills.status": "read",
  "usage.status": "read",
  "usage.cost": "read",
  agent: [
    [{ message: "hi", idempotencyKey: "k" }, "write"],
    [{ message: " /reset", idempotencyKey: "k" }, "admin"],
  ],
  "agent.wait": "write",
  send: [
    [{ to: "self", message: "hi", idempotencyKey: "k" }, "write"],
    [{ to: "self", message: "/new", idempotencyKey: "k" }, "admin"],
  ],
  "chat.send": [
    [{ sessionKey: "main", message: "hi", idempotencyKey: "k" }, "write"],
    [{ sessionKey: "main", message: "/new x", idempotencyKey: "k" }, "admin"],
  ],
  "chat.history": "read",
  "chat.startup": "read",
  "chat.metadata": "read",
  "chat.message.get": "read",
  "chat.inject": "admin",
  "commands.list": "read",
  "chat.abort": "write",
  "sessions.list": "read",
  "sessions.describe": "read",
  "sessions.resolve": "read",
  "sessions.preview": "read",
  "sessions.create": [
    [{}, "write"],
    [{ message: "hi" }, "write"],
    [{ message: "/reset" }, "admin"],
  ],
  "sessions.send": [
    [{ key: "main", message: "hi" }, "write"],
    [{ key: "main", message: "/NEW" }, "admin"],
  ],
  "sessions.abort": "write",
  "sessions.subscribe": "read",
  "sessions.unsubscribe": "read",
  "sessions.messages.subscribe": "read",
  "sessions.messages.unsubscribe": "read",
  "sessions.usage": "read",
  "sessions.patch": "write",
  "sessions.reset": "admin",
  "sessions.delete": [
    [{ key: "main" }, "admin"],
    [{ key: "main", archivedOnly: true }, "write"],
    [{ key: "main", archivedOnly: false }, "admin"],
  ],
  "sessions.compact": "admin",
  "sessions.export": "admin",
  "sessions.import": "admin",
  "agents.list": "read",
  "agent.identity.get": "read",
  "agents.files.list": "read",
  "agents.files.get": "read",
  "agents.files.set": "admin",
  "agents.create": "admin",
  "agents.update": "admin",
  "agents.delete": "admin",
  "config.get": "read",
  "config.set": "admin",
  "config.patch": "admin",
  "config.apply": "admin",
  "config.schema": "read",
  "config.schema.lookup": "read",
  "update.run": "admin",
  "device.pair.list": "pairing",
  "device.pair.approve": "pairing",
  "device.pair.reject": "pairing",
  "device.pair.rename": "pairing",
  "device.pair.remove": "pairing",
  "device.token.rotate": "pairing",
  "device.token.revoke": "pairing",
  "node.list": "read",
  "node.describe": "read",
  "node.invoke": [
    [{ nodeId: "n", command: "system.which", idempotencyKey: "k" }, "write"],
    [{ nodeId: "n", command: "browser.proxy", idempotencyKey: "k" }, "admin"],
  ],
  "node.rename": "pairing",
  "node.pair.list": "pairing",
  "node.pair.approve": "pairing",
  "node.pair.reject": "pairing",
  "node.pair.remove": "pairing",
  "node.invoke.result": "node",
  "node.invoke.progress": "node",
  "node.event": "node",
  "node.skills.update": "node",
  "node.pluginTools.update": "node",
  "node.runnerInventory.update": "node",
  "exec.approval.list": "approvals",
  "exec.approval.get": "approvals",
  "exec.approval.request": "approvals",
  "exec.approval.waitDecision": "approvals",
  "exec.approval.resolve": "approvals",
  "plugin.approval.list": "approvals",
  "openclaw.approval.list": "approvals",
  "question.list": "questions",
  "taskSuggestions.list": "read",
  "channels.status": "read",
  "channels.start": "admin",
  "channels.stop": "admin",
  "channels.pairing.list": "pairing",
  "channels.pairing.approve": [
    [{ channel: "telegram", code: "1" }, "pairing"],
    [{ channel: "telegram", code: "1", bootstrapCommandOwner: true }, "admin"],
  ],
  "channels.pairing.dismiss": "pairing",
  "channels.pairing.approved": "pairing",
  "channels.pairing.revoke": "pairing",
  wake: [
    [{ mode: "now", text: "hi" }, "write"],
    [{ mode: "now", text: "/new" }, "admin"],
  ],
  "cron.status": "read",
  "cron.list": "read",
  "voicewake.get": "read",
};

/** Held scope → what it also stands for, said independently of `holdsScope`. */
const stands: Readonly<Record<Scope, readonly Need[]>> = {
  "operator.admin": ["read", "write", "admin", "approvals", "pairing", "questions"],
  "operator.write": ["read", "write"],
  "operator.read": ["read"],
  "operator.approvals": ["approvals"],
  "operator.pairing": ["pairing"],
  "operator.questions": ["questions"],
  "operator.sessions.read": [],
  "operator.sessions.write": [],
  "operator.talk": [],
  "operator.talk.secrets": [],
};

type Answer = "runs" | "params" | "other" | `missing scope: ${string}` | `unauthorized role: ${string}`;

function createCaller() {
  const ran: string[] = [];
  const handlers = Object.fromEntries(
    Object.keys(methods).map((name) => [name, async () => ({ ran: ran.push(name) })]),
  ) as unknown as MethodHandlers<CallContext>;
  return async (method: string, params: object, session: object): Promise<Answer> => {
    // A dispatch of its own for each call: how often is not what this is about.
    const dispatch = createDispatch({ handlers, door: "network", log: () => undefined, now: () => 0 });
    const connection = { client: () => ({ params: {}, session }) } as unknown as ServerConnection;
    const before = ran.length;
    const signal = AbortSignal.timeout(10_000);
    const answer = await dispatch({ method, params, connection, accepted: () => undefined, signal });
    if (!("failed" in answer)) return ran.length === before + 1 ? "runs" : "other";
    assert.equal(ran.length, before, `${method} ran and was refused`);
    const { code, message } = answer.failed;
    if (code === "FORBIDDEN" && message.startsWith("missing scope: ")) return message as Answer;
    if (code === "INVALID_REQUEST" && message.startsWith("unauthorized role: ")) {
      assert.equal(answer.unauthorized, true);
      return message as Answer;
    }
    return message.startsWith(`invalid ${method} params: `) ? "params" : "other";
  };
}

function casesOf(method: MethodName): readonly Case[] {
  const row = table[method];
  if (row === "node") return [];
  return typeof row === "string" ? [[{}, row]] : row;
}

test("GW-039 GAP-041 each method is open to exactly the role and the scopes that it is for", async () => {
  const call = createCaller();
  const held: readonly (readonly Scope[])[] = [[], ...scopes.map((scope) => [scope]), scopes];
  for (const method of Object.keys(table) as MethodName[])
    for (const [params, need] of casesOf(method))
      for (const has of held) {
        const answer = await call(method, params, { role: "operator", scopes: has });
        const about = `${method} ${JSON.stringify(params)} with ${has.join(" ") || "no scope"}`;
        if (has.some((scope) => stands[scope].includes(need)))
          // With nothing asked of it a method may find its params wanting: then it was let in all the same.
          assert.ok(
            answer === "runs" || (answer === "params" && typeof table[method] === "string"),
            `${about}: ${answer}`,
          );
        else assert.equal(answer, `missing scope: operator.${need}`, about);
      }
});

test("GW-039 a node calls what is for nodes and nothing else, whatever scopes it says it has", async () => {
  const call = createCaller();
  for (const method of Object.keys(table) as MethodName[]) {
    const isForNodes = table[method] === "node";
    const asNode = await call(method, {}, { role: "node", scopes });
    const asOperator = await call(method, {}, { role: "operator", scopes });
    if (isForNodes) {
      assert.ok(asNode === "runs" || asNode === "params", `${method}: ${asNode}`);
      assert.equal(asOperator, "unauthorized role: operator", method);
    } else assert.equal(asNode, "unauthorized role: node", method);
  }
});

test("GW-039 nobody is told what a method takes who may not call it", async () => {
  const call = createCaller();
  const wrong = { surprise: true };
  for (const method of Object.keys(table) as MethodName[])
    if (typeof table[method] === "string" && table[method] !== "node")
      assert.equal(
        await call(method, wrong, { role: "operator", scopes: [] }),
        `missing scope: operator.${table[method]}`,
      );
});

test("a method that there is not is unknown to everybody", async () => {
  const call = createCaller();
  for (const method of ["no.such", "__proto__", "constructor", "toString", ""])
    assert.equal(await call(method, {}, { role: "operator", scopes }), "other", method);
});
