// What anything in Lorica would do to the world, written down before it is done. Policy judges an Action and, where
// the answer is yes, mints a Grant for exactly it; effects read what they may touch off the Grant and nowhere else.
import type { Label } from "./label.ts";
import type { Principal } from "./principal.ts";

/** A command for the cell's shell. `cwd` is relative to the workspace, `.` for the workspace itself. */
export type ProcessRun = {
  readonly command: string;
  readonly cwd: string;
  readonly timeoutMs: number;
  /** Gives the command a terminal of its own. */
  readonly terminal: "none" | "pty";
  /** `background` returns at once with a process id; `foreground` waits for the exit. */
  readonly mode: "foreground" | "background";
};

/** Something done to a background process of the same session. */
export type ProcessControl =
  | { readonly operation: "list" }
  | { readonly operation: "poll"; readonly processId: string; readonly waitMs: number }
  | { readonly operation: "write"; readonly processId: string; readonly data: string }
  | { readonly operation: "kill"; readonly processId: string };

/** Paths are relative to the workspace or absolute inside the cell; the cell's kernel decides what they reach. */
export type FileRead =
  | { readonly operation: "read"; readonly path: string; readonly offset: number; readonly lines: number }
  | { readonly operation: "glob"; readonly pattern: string; readonly path: string }
  | {
      readonly operation: "grep";
      readonly pattern: string;
      readonly path: string;
      readonly include: string;
      readonly ignoreCase: boolean;
    };

export type FileWrite =
  /** A file that the model is told to follow, written by its owner from outside: no tool proposes this. */
  | { readonly operation: "instruct"; readonly path: string; readonly content: string }
  | { readonly operation: "write"; readonly path: string; readonly content: string }
  | {
      readonly operation: "edit";
      readonly path: string;
      readonly before: string;
      readonly after: string;
      readonly occurrences: "one" | "all";
    }
  | { readonly operation: "apply_patch"; readonly patch: string };

/** A request to a model provider. The credential is named, never carried: the broker adds it. */
export type ModelRequest = { readonly provider: string; readonly method: "GET" | "POST"; readonly url: string };

export type MessageSend = {
  readonly channel: string;
  readonly account: string;
  readonly recipient: string;
  /** The outbox row that is being delivered. */
  readonly outboxId: string;
  /** Where the admitted message came from that this answers, as the store has it: replies go there and nowhere else. */
  readonly answers: ReplyPlace | undefined;
  /** Where the owner ordered it to go, if the config or an approval of theirs names that place when it leaves. */
  readonly ordered?: ReplyPlace | undefined;
};

export type ReplyPlace = { readonly channel: string; readonly account: string; readonly recipient: string };

/** What a channel shows while an answer is being made. It says nothing that `message.send` would not have to be asked for. */
export type MessageSignal = {
  readonly channel: string;
  readonly account: string;
  readonly recipient: string;
  readonly signal: "typing" | "reaction" | "draft";
  readonly answers: ReplyPlace | undefined;
};

/** A request of a channel to its platform. The credential is named, never carried: the broker adds it. */
export type ChannelRequest = {
  readonly channel: string;
  readonly account: string;
  readonly method: "GET" | "POST";
  readonly url: string;
};

/** A command of a paired node. What it does there is the node's to judge; this is whether it is asked at all. */
export type NodeInvoke = { readonly nodeId: string; readonly command: string; readonly paramsJson: string };

export type SessionInspect = { readonly sessionKey: string };

/** Verb → the resource that such an action touches. */
export type Resources = {
  "process.run": ProcessRun;
  "process.control": ProcessControl;
  "file.read": FileRead;
  "file.write": FileWrite;
  "model.request": ModelRequest;
  "message.send": MessageSend;
  "message.signal": MessageSignal;
  "channel.request": ChannelRequest;
  "session.inspect": SessionInspect;
  "node.invoke": NodeInvoke;
};

export type Verb = keyof Resources;

export type Action<V extends Verb = Verb> = {
  [K in V]: {
    readonly verb: K;
    readonly agentId: string;
    readonly sessionKey: string;
    /** Who asked for the turn that proposes this. */
    readonly principal: Principal;
    /** The label of that turn: the join of everything in its context. */
    readonly label: Label;
    readonly resource: Resources[K];
  };
}[V];
