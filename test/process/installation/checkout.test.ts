// `./lorica` in a checkout, before any of the program runs: the right Node, the packages, what is compiled of them, and what a
// person is told where one of these cannot be had.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { nodeFlags } from "../../../src/base/limits.ts";
import { checkout, createPlace } from "../../faux/outside/script.ts";

type Ran = { readonly exit: number | null; readonly stdout: string; readonly stderr: string };

/** A checkout whose Node only says how it was called, and programs in front of the system's. */
function createCheckout(programs: Readonly<Record<string, string>> = {}): {
  readonly folder: string;
  run(words: readonly string[]): Ran;
} {
  const { folder, write, programs: play } = createPlace("checkout");
  copyFileSync(join(checkout, "lorica"), join(folder, "lorica"));
  chmodSync(join(folder, "lorica"), 0o755);
  write("package.json", '{\n  "name": "x",\n  "version": "1.2.3",\n}');
  write("package-lock.json", "{}");
  write("node_modules/.package-lock.json", "{}");
  utimesSync(join(folder, "package-lock.json"), 1, 1);
  write("node_modules/.bin/node", '#!/bin/sh\nprintf "%s|" "$@"; umask; ulimit -c; echo "$LORICA_PROGRAM"\n', 0o755);
  // Whoever runs the tests, the script must not go and create a system user.
  play({ id: "echo 1000", ...programs });
  return {
    folder,
    run(words) {
      const ran = spawnSync(join(folder, "lorica"), words, {
        env: { PATH: `${join(folder, "programs")}:/usr/bin:/bin`, HOME: folder },
        encoding: "utf8",
      });
      return { exit: ran.status, stdout: ran.stdout, stderr: ran.stderr };
    },
  };
}

test("./lorica runs the packaged Node on the entry, with every argument as it was, private files and no core file", () => {
  const { folder, run } = createCheckout();
  const words = ["agent", "--message", 'a "b"  $c *', "", "-"];
  assert.deepEqual(run(words), {
    exit: 0,
    stdout: `${nodeFlags.join("|")}|${folder}/lorica.mjs|agent|--message|a "b"  $c *||-|0077\n0\n${folder}/lorica\n`,
    stderr: "",
  });
});

test("CLI-001 openclaw is the same program, by a link and as a package's command", () => {
  const { folder } = createCheckout();
  symlinkSync(join(folder, "lorica"), join(folder, "openclaw"));
  const ran = spawnSync(join(folder, "openclaw"), ["-v"], { encoding: "utf8", env: { PATH: "/usr/bin:/bin" } });
  assert.equal(ran.stdout, "lorica 1.2.3\n");
  const { bin } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { bin: unknown };
  assert.deepEqual(bin, { lorica: "./lorica", openclaw: "./lorica" });
});

test("./lorica refuses a home that depends on where it is called from", () => {
  const { folder } = createCheckout();
  for (const home of ["", "relative/home"]) {
    const env = { PATH: `${folder}/programs:/usr/bin:/bin`, HOME: home };
    const ran = spawnSync(join(folder, "lorica"), ["status"], { env, encoding: "utf8" });
    assert.deepEqual([ran.status, ran.stdout], [1, ""]);
    assert.equal(
      ran.stderr,
      `lorica: HOME is "${home}", which is not an absolute path. Set it to your home folder, or unset it.\n`,
    );
  }
  const ran = spawnSync(join(folder, "lorica"), ["status"], { env: { PATH: `${folder}/programs:/usr/bin:/bin` } });
  assert.equal(ran.status, 0);
});

test("./lorica --version needs neither Node nor packages", () => {
  const { folder, run } = createCheckout({ npm: "echo npm was called; exit 1" });
  rmSync(join(folder, "node_modules"), { recursive: true });
  assert.deepEqual(run(["--version"]), { exit: 0, stdout: "lorica 1.2.3\n", stderr: "" });
});

test("./lorica installs the locked packages where they are missing or older than the lock, and says so on stderr", () => {
  const npm = 'echo "$@" > ../npm-args; mkdir -p node_modules; touch node_modules/.package-lock.json; echo noise';
  const { folder, run } = createCheckout({ npm: npm.replace("../npm-args", "npm-args") });
  utimesSync(join(folder, "node_modules/.package-lock.json"), 0, 0);
  const ran = run(["status"]);
  assert.equal(ran.exit, 0);
  assert.doesNotMatch(ran.stdout, /noise/);
  assert.equal(ran.stderr, "lorica: installing packages (first run; 10 to 30 seconds)\nnoise\n");
  assert.match(readFileSync(join(folder, "npm-args"), "utf8"), /^ci --ignore-scripts /);
  assert.equal(run(["status"]).stderr, "");
});

test("./lorica compiles the program once its packages are there, and starts where it cannot", () => {
  const { folder, run } = createCheckout({ npm: "mkdir -p node_modules; touch node_modules/.package-lock.json" });
  const node = '#!/bin/sh\necho "$@" >>$HOME/calls; umask >>$HOME/calls; case "$*" in *warm-up) exit 3;; esac\n';
  writeFileSync(join(folder, "node_modules/.bin/node"), node);
  utimesSync(join(folder, "node_modules/.package-lock.json"), 0, 0);
  const [first, second] = [run(["status"]), run(["status"])];
  assert.match(first.stderr, /^lorica: installing .*\nlorica: the code could not be compiled ahead; .*\n$/);
  assert.deepEqual([first.exit, second], [0, { exit: 0, stdout: "", stderr: "" }]);
  const calls = ["warm-up", "status", "status"].map(
    (word) => `${nodeFlags.join(" ")} ${folder}/lorica.mjs ${word}\n0077\n`,
  );
  assert.equal(readFileSync(join(folder, "calls"), "utf8"), calls.join(""));
});

test("./lorica notices that npm left out the packaged Node, and tries again the next time", () => {
  const npm = "mkdir -p node_modules; touch node_modules/.package-lock.json";
  const { folder, run } = createCheckout({ npm, node: '[ "$1" = --version ] && echo v20.0.0' });
  rmSync(join(folder, "node_modules"), { recursive: true });
  for (const word of ["status", "up"]) {
    const { exit, stdout, stderr } = run([word]);
    assert.deepEqual([exit, stdout], [1, ""]);
    assert.match(
      stderr,
      /installing packages.*\n.*24\.12 or newer is needed.*v20.*\n.*Is the disk full, or the network gone\?\n$/,
    );
  }
});

test("./lorica says what to do when npm fails", () => {
  const { folder, run } = createCheckout({ npm: "echo no network >&2; exit 1" });
  rmSync(join(folder, "node_modules"), { recursive: true });
  const { exit, stderr } = run(["status"]);
  assert.equal(exit, 1);
  assert.match(stderr, /no network\nlorica: npm ci failed in .*It needs the network once/);
});

test("CLI-085 up without its programs prints the exact command, and goes on", () => {
  const { folder, run } = createCheckout();
  // A PATH without bwrap, git, python3 and make, and with what the script itself needs.
  for (const name of ["sh", "readlink", "printf", "env"]) linkProgram(folder, name);
  const runAlone = (word: string) =>
    spawnSync(join(folder, "lorica"), [word], {
      env: { PATH: join(folder, "programs"), HOME: folder },
      encoding: "utf8",
    });
  assert.match(
    runAlone("test").stderr,
    /make strace openssl chromium. Without them some tests are skipped. Your system's package manager has/,
  );
  writeFileSync(join(folder, "programs/apt-get"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const ran = runAlone("up");
  assert.equal(
    ran.stderr,
    [
      "lorica: not installed: bubblewrap git python3 make. Without them some features stay off. To install them:",
      "lorica:   sudo apt-get update && sudo apt-get install -y --no-install-recommends bubblewrap git python3 make",
      "",
    ].join("\n"),
  );
  assert.match(ran.stdout, /lorica\.mjs\|up\|/);
  assert.equal(run(["status"]).stderr, "");
});

function linkProgram(folder: string, name: string): void {
  const path = spawnSync("/bin/sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
  const text = path.startsWith("/") ? `exec ${path} "$@"` : `${name} "$@"`;
  writeFileSync(join(folder, "programs", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}
