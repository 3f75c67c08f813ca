// What the broker tells a cell before anything runs in it, and what the two say to each other afterwards. The broker
// believes nothing of it: these types describe what the supervisor means to send, `cell-process.ts` checks what arrived.

export type CellConfiguration = {
  readonly bwrap: string;
  /** bwrap's options for a command and for the file worker. */
  readonly commandProfile: readonly string[];
  readonly filesProfile: readonly string[];
  /** The Node binary and its flags. */
  readonly node: readonly string[];
  readonly filesProgram: string;
  /** Where the supervisor may keep files that no command can see. */
  readonly privateDir: string;
  readonly roots: readonly string[];
  readonly workspace: string;
  readonly home: string;
  readonly bounds: CellBounds;
  readonly fileBounds: FileBounds;
};

/** The file worker's one argument. */
export type FilesSettings = {
  readonly home: string;
  /** Where file tools work, beside the workspace. */
  readonly roots: readonly string[];
  readonly headMaxBytes: number;
  readonly requestMaxBytes: number;
  readonly fileBounds: FileBounds;
};

/** What the file worker may spend on one request. */
export type FileBounds = {
  readonly textMaxBytes: number;
  readonly imageMaxBytes: number;
  readonly editMaxBytes: number;
  readonly patchPathsMaxChars: number;
  readonly matchesMaxChars: number;
  readonly globResultsMax: number;
  readonly grepResultsMax: number;
  readonly grepLineMaxChars: number;
  readonly grepFileMaxBytes: number;
  readonly walkEntriesMax: number;
  readonly walkTimeMs: number;
};

export type CellBounds = {
  readonly headMaxBytes: number;
  /** The body of a frame to the cell, and of one from it. */
  readonly requestMaxBytes: number;
  readonly answerMaxBytes: number;
  readonly outputMaxBytes: number;
  readonly foregroundMax: number;
  readonly backgroundMax: number;
  readonly backgroundBufferBytes: number;
  /** What waits for a command that does not read its input. */
  readonly stdinUnreadMaxBytes: number;
};

export type RunRequest = {
  readonly command: string;
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly terminal: "none" | "pty";
  readonly mode: "foreground" | "background";
};

/** `call` pairs an answer with its request; the body of `stdin` is what to write, that of `configure` the filter. */
export type ControlRequest =
  | { readonly kind: "configure"; readonly configuration: CellConfiguration }
  | { readonly kind: "run"; readonly call: number; readonly processId: string; readonly run: RunRequest }
  | { readonly kind: "cancel"; readonly call: number }
  | { readonly kind: "list"; readonly call: number }
  | { readonly kind: "poll"; readonly call: number; readonly processId: string; readonly waitMs: number }
  | { readonly kind: "stdin"; readonly call: number; readonly processId: string }
  | { readonly kind: "kill"; readonly call: number; readonly processId: string }
  | { readonly kind: "start_files"; readonly generation: number }
  | { readonly kind: "kill_files" };

export type EndKind = "exited" | "timed_out" | "cancelled" | "output_capped";

export type ProcessState = {
  readonly processId: string;
  readonly state: "running" | "exited";
  readonly exitCode: number | null;
  readonly droppedBytes: number;
};

/** The body of `output` and of `report` is what a command printed. */
export type ControlReply =
  | { readonly kind: "ready" }
  | { readonly kind: "output"; readonly call: number }
  | {
      readonly kind: "ended";
      readonly call: number;
      readonly end: EndKind;
      readonly exitCode: number;
      readonly droppedBytes: number;
      readonly durationMs: number;
    }
  | { readonly kind: "started"; readonly call: number }
  /** A background process ended by itself: nobody waits for this one, it is for the record. */
  | {
      readonly kind: "gone";
      readonly processId: string;
      readonly end: EndKind;
      readonly exitCode: number;
      readonly durationMs: number;
    }
  | { readonly kind: "report"; readonly call: number; readonly processes: readonly ProcessState[] }
  | { readonly kind: "failed"; readonly call: number; readonly code: FailureCode; readonly message: string }
  | { readonly kind: "files_gone"; readonly generation: number };

export type FailureCode = "invalid_request" | "not_found" | "conflict" | "overloaded" | "too_large" | "forbidden";

/** Requests and answers on the file lane. What is large or exact text travels in the body. */
export type FileRequest = { readonly call: number } & (
  | { readonly kind: "read"; readonly path: string; readonly offset: number; readonly lines: number }
  | { readonly kind: "glob"; readonly pattern: string; readonly path: string }
  | {
      readonly kind: "grep";
      readonly pattern: string;
      readonly path: string;
      readonly include: string;
      readonly ignoreCase: boolean;
    }
  /** Body: the content. */
  | { readonly kind: "write"; readonly path: string }
  /** Body: `before`, as many bytes as the head says, then `after`. */
  | { readonly kind: "edit"; readonly path: string; readonly beforeBytes: number; readonly occurrences: "one" | "all" }
  /** Body: the patch. */
  | { readonly kind: "apply_patch" }
  | { readonly kind: "cancel" }
);

export type FileAnswer = { readonly call: number } &
  /** Body: the text. */
  (
    | { readonly kind: "text"; readonly totalLines: number; readonly truncated: boolean }
    /** Body: the image. */
    | { readonly kind: "image"; readonly mime: string }
    /** Body: the lines. */
    | { readonly kind: "matches"; readonly truncated: boolean }
    | { readonly kind: "changed"; readonly paths: readonly string[]; readonly summary: string }
    | { readonly kind: "failed"; readonly code: FailureCode; readonly message: string }
  );
