// catalogue
// Config keys of the cell, in which commands and file tools run. Many have the names that guides know from containers; each
// means the same for a cell, or is refused with the reason why it cannot.
import { z } from "zod";
import { sizeBytes } from "../units.ts";
import { byteSize, key, laterUnset, only, onlyUnset, path, reserved, section, text } from "./field.ts";

/** Names that change which code a program loads or runs before it does what it was started for (ADV-017). */
const steering =
  /^(LD_|DYLD_|GCONV_|MALLOC_|GLIBC_|NODE_|BASH|ENV$|SHELLOPTS$|PS4$|IFS$|PATH$|HOME$|PYTHON|PERL|RUBY|JAVA_|_JAVA|JDK_|GIT_|SSH_|NPM_|npm_|ELECTRON_|LESSOPEN|LESSCLOSE|PAGER$|EDITOR$|VISUAL$|BROWSER$|PROMPT_COMMAND$|(HTTPS?|ALL|NO|FTP)_PROXY$|(https?|all|no|ftp)_proxy$|OPENSSL_|SSL_|CURL_|LORICA_|OPENCLAW_)/;
const secretive = /(KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|COOKIE|BEARER)/i;

const variables = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "not the name of a variable"), text(8_192))
  .superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      if (steering.test(name))
        context.addIssue({ code: "custom", path: [name], message: "changes what programs load or where they connect" });
      else if (secretive.test(name))
        context.addIssue({
          code: "custom",
          path: [name],
          message: "would show a credential to every command; lorica vault binds it to the host that it is for",
        });
    }
  });

/** Less would end every program at once, and nothing would not be a bound (SBX-009). */
const memory = byteSize.refine(
  // What is no size at all is said by the schema below.
  (size) => (typeof size === "string" && !byteSize.safeParse(size).success) || sizeBytes(size) >= 67_108_864,
  "is too small: a cell needs 64mb at least",
);

const network = text(64).superRefine((value, context) => {
  if (value === "none") return;
  const other = /^(host|container:)/.test(value)
    ? "would put commands into a network that is not theirs; this is never accepted"
    : "is not a network of a cell";
  context.addIssue({
    code: "custom",
    message: `only "none" is accepted: ${value} ${other}. What a cell may reach is said by: lorica egress allow`,
  });
});

const docker = section(
  {
    image: key(text(256).default("lorica-sandbox:bookworm-slim"), "The container image, for the docker backend."),
    network: key(network.default("none"), "`none`: the way out is the egress proxy alone. Nothing else is accepted."),
    readOnlyRoot: only(z.boolean(), true, "a cell never writes to its system folders", "The cell's root is read-only."),
    capDrop: only(z.array(text(64)).max(64), ["ALL"], "a cell has no capability at all", "Capabilities taken away."),
    pidsLimit: key(
      z.int().min(16).max(10_000).optional(),
      "Processes and threads of one cell's commands. Unset: 512. It always holds.",
    ),
    memory: key(
      memory.optional(),
      "Memory of one cell. Unset: 2 GB. It holds where the kernel gives us a control group; `lorica status` says so.",
    ),
    memorySwap: key(memory.optional(), "Memory and swap of one cell together. Unset: no swap beside its memory."),
    cpus: key(z.number().min(0.01).max(1_024).optional(), "Processors of one cell. Unset: all but one, at least one."),
    user: onlyUnset(text(64), "commands are the user that the gateway is, with no rights of it", "The user inside."),
    workdir: onlyUnset(
      path,
      "commands start in the workspace, which has the path that it has outside",
      "Where it starts.",
    ),
    tmpfs: key(
      z.array(path).max(20).default([]),
      "More empty folders in memory, 64 MB each, below /srv, /var or /opt.",
    ),
    binds: key(
      z.array(text(1_024)).max(50).default([]),
      "Host folders or files inside the cell: `/host/path`, `/host/path:/cell/path` or `/host/path:/cell/path:rw`; read-only unless `rw` is said.",
    ),
    dns: only(z.array(text(64)).max(10), [], "names are resolved outside of the cell, after policy", "Name servers."),
    extraHosts: only(
      z.array(text(256)).max(50),
      [],
      "names are resolved outside of the cell, after policy",
      "More lines in the hosts file.",
    ),
    seccompProfile: onlyUnset(text(4_096), "the built-in filter cannot be replaced", "A seccomp profile."),
    apparmorProfile: onlyUnset(
      text(256),
      "a cell needs none, and no profile would be `unconfined`",
      "An AppArmor profile.",
    ),
    setupCommand: onlyUnset(
      text(8_192),
      "every command has a fresh room, so nothing would stay; install what is needed on the host or in the workspace",
      "Run once in a new container.",
    ),
    env: key(variables.default({}), "More variables of commands. No credentials, and none that steers a loader."),
  },
  "Bounds of a cell, whichever backend makes it.",
);

export const sandbox = section(
  {
    mode: key(
      z.enum(["off", "non-main", "all"]).default("all"),
      "Every session is in a cell in every mode. `off` lowers one wall, the filter of system calls, so that debuggers and tracers work, and only while an acknowledgement holds: `lorica sandbox off --for 1h`. `non-main` does so only where nobody but the owner speaks.",
    ),
    backend: key(
      z.enum(["bwrap", "docker"]).default("bwrap"),
      "What makes the cell. Until the docker backend is built, `docker` gets the bubblewrap cell.",
    ),
    scope: key(
      z.enum(["session", "agent", "shared"]).default("session"),
      "Who shares a cell: nobody, the sessions of an agent, or those agents that all say `shared` and name the same workspace. Without `shared` on both, two agents never have the same workspace.",
    ),
    workspaceAccess: key(
      z.enum(["none", "ro", "rw"]).default("rw"),
      "What the cell sees of the workspace. Strangers' agents get `none` unless it is set.",
    ),
    instructions: key(
      z.enum(["ro", "rw"]).default("ro"),
      "Whether tools may change AGENTS.md, SOUL.md, TOOLS.md and HEARTBEAT.md, which the model is told to follow.",
    ),
    workspaceRoot: laterUnset(path, "later", "Where copies of workspaces would go. Workspaces are bound in place."),
    sessionToolsVisibility: key(z.enum(["spawned", "all"]).default("spawned"), "Which sessions a sandboxed one sees."),
    docker,
    browser: reserved("later", "A browser of the cell's own."),
    prune: section(
      {
        idleHours: key(
          z.int().min(1).max(8_760).optional(),
          "Hours after which a cell without work goes, and what is in its memory. Unset: five minutes.",
        ),
        maxAgeDays: key(
          z.int().min(1).max(365).default(7),
          "Days after which a cell goes once no command waits for it.",
        ),
      },
      "When cells are removed.",
    ),
  },
  "The cell in which commands and file tools run.",
  "hot",
);
