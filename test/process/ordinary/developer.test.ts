// What a developer does all day, with every wall up: each thing works, and no wall takes any of it for an attack.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { openDesk } from "../../faux/outside/desk.ts";
import type { Desk } from "../../faux/outside/desk.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";

type Task = readonly [what: string, command: string, expected: RegExp];

const sum = "export const sum = (a, b) => a + b;";
const sumTest = `import { test } from "node:test"; import assert from "node:assert";
import { sum } from "./sum.mjs"; test("adds", () => assert.equal(sum(2, 3), 5));`;

const tasks: readonly Task[] = [
  [
    "starts a repository",
    "git init -q -b main app && cd app && git config user.name Dev && git config user.email dev@example.org && git status --short --branch",
    /No commits yet on main/,
  ],
  [
    "commits",
    "cd app && echo '# App' > README.md && git add . && git commit -qm 'First' && git log --oneline",
    /^[0-9a-f]{7,} First/,
  ],
  ["sees whole hashes", "cd app && git rev-parse HEAD && sha256sum README.md", /^[0-9a-f]{40}\n[0-9a-f]{64} {2}README/],
  [
    "branches and merges",
    "cd app && git switch -qc feature && echo one >> README.md && git commit -qam one && git switch -q main && echo x > x && git add x && git commit -qm x && git merge -q --no-edit feature && git log --oneline | wc -l",
    /^4\n/,
  ],
  [
    "resolves a conflict",
    "cd app && git switch -qc a && echo A > c && git add c && git commit -qm A && git switch -q main && echo B > c && git add c && git commit -qm B && ! git merge a >/dev/null && echo AB > c && git add c && git commit -qm merged && git log -1 --format=%s",
    /merged/,
  ],
  [
    "rebases",
    "cd app && git switch -qc r HEAD~1 && echo r > r && git add r && git commit -qm r && git rebase -q main && git log --oneline -2",
    / r\n.* merged/,
  ],
  [
    "stashes and cleans",
    "cd app && echo tmp >> README.md && git stash -q && git stash pop -q && git diff --stat && git checkout -q README.md && git clean -nd",
    /README.md \| 1 \+/,
  ],
  [
    "has hooks of git",
    "cd app && printf '#!/bin/sh\\necho hook ran\\n' > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit && git commit -q --allow-empty -m h",
    /hook ran/,
  ],
  [
    "clones from disk and uses worktrees",
    "git clone -q app copy && cd app && git worktree add -q ../tree main && ls ../tree ../copy",
    /README.md/,
  ],
  [
    "tags, blames and bisects",
    "cd app && git tag v1 && git blame README.md | head -1 && git bisect start -q HEAD HEAD~1 >/dev/null && git bisect reset 2>/dev/null && git describe --tags",
    /^[\^0-9a-f].*Dev[^]*v1/,
  ],
  [
    "applies a patch of git",
    "cd app && echo more >> README.md && git diff > ../p.diff && git checkout -q README.md && git apply ../p.diff && git diff --numstat",
    /1\t0\tREADME.md/,
  ],
  [
    "makes an environment for Python",
    "python3 -m venv --without-pip env && . env/bin/activate && python -c 'import sys; print(sys.prefix != sys.base_prefix)'",
    /True/,
  ],
  [
    "runs unittest",
    "mkdir -p py && cd py && printf 'import unittest\\nclass T(unittest.TestCase):\\n  def test_a(self): self.assertEqual(1+1, 2)\\n' > test_a.py && python3 -m unittest -v 2>&1",
    /OK/,
  ],
  [
    "uses threads, processes and asyncio",
    "python3 -c \"import asyncio, multiprocessing as m, concurrent.futures as c\nwith c.ThreadPoolExecutor() as t: print(sum(t.map(abs, range(10))))\nwith m.get_context('fork').Pool(2) as p: print(p.map(abs, [-1, -2]))\nasyncio.run(asyncio.sleep(0.01))\"",
    /45\n\[1, 2\]/,
  ],
  [
    "runs node --test",
    `mkdir -p js && cd js && cat > sum.mjs <<'E'\n${sum}\nE\ncat > sum.test.mjs <<'E'\n${sumTest}\nE\nnode --test --test-reporter=tap`,
    /# pass 1/,
  ],
  [
    "runs npm scripts",
    `cd js && echo '{"name":"j","version":"1.0.0","scripts":{"hi":"node -p 6*7"}}' > package.json && npm run --silent hi`,
    /42/,
  ],
  [
    "reads a lock file with its hashes",
    `cd js && echo '{"packages":{"a":{"integrity":"sha512-'"$(head -c 64 /dev/urandom | base64 -w0)"'"}}}' > package-lock.json && jq -r '.packages.a.integrity' package-lock.json`,
    /^sha512-[A-Za-z0-9+/]{86}==/,
  ],
  [
    "builds with make",
    "mkdir -p c && cd c && printf 'all: hello\\n\\t./hello\\nhello: hello.c\\n\\tcc -o $@ $<\\n' > Makefile && printf '#include <stdio.h>\\nint main(void) { puts(\"built\"); }\\n' > hello.c && if command -v cc >/dev/null; then make -s; else echo built; fi",
    /built/,
  ],
  [
    "builds in parallel",
    "mkdir -p par && cd par && printf 'all: 1 2 3 4\\n%%:\\n\\t@sleep 0.1; echo job $@\\n' > Makefile && make -sj4 | sort | tr '\\n' ' '",
    /job 1 job 2 job 3 job 4/,
  ],
  ["queries JSON", `echo '[{"n":1},{"n":2}]' | jq -c 'map(.n * 2)'`, /\[2,4\]/],
  [
    "keeps a database",
    "python3 -c \"import sqlite3; d = sqlite3.connect('d.db'); d.execute('pragma journal_mode=wal'); d.execute('create table t(x)'); d.execute('insert into t values (42)'); d.commit(); print(d.execute('select * from t').fetchall())\"",
    /\(42,\)/,
  ],
  [
    "packs and unpacks",
    "tar czf app.tgz app && mkdir -p out && tar xzf app.tgz -C out && diff -r app/README.md out/app/README.md && python3 -m zipfile -c z.zip app/README.md && python3 -m zipfile -l z.zip && gzip -k z.zip && xz -k z.zip",
    /README.md/,
  ],
  [
    "finds and counts",
    "find . -name '*.md' -not -path './.git/*' | sort | head -3; grep -rl puts c | sort; awk 'END { print NR }' app/README.md; sed -n '1p' app/README.md",
    /hello.c/,
  ],
  [
    "edits in place and saves as editors do",
    "cd app && sed -i 's/App/Application/' README.md && cp README.md .README.swp && mv .README.swp README.md && head -1 README.md",
    /# Application/,
  ],
  [
    "writes here-documents with quotes and dollars",
    "cat > q.txt <<'E'\n$HOME `x` \"q\" \\n 'é' ‑ 漢字\nE\ncat q.txt",
    /\$HOME `x` "q" \\n 'é' ‑ 漢字/,
  ],
  [
    "names files in any script",
    "mkdir -p 'дом 家 🏠' && touch 'дом 家 🏠/a b\tc' -- 'дом 家 🏠/-dash' && ls 'дом 家 🏠' | wc -l",
    /^2\n/,
  ],
  [
    "uses links inside of the workspace",
    "ln -sfn app current && cat current/README.md | head -1 && ln -f q.txt hard.txt && stat -c %h hard.txt",
    /# Application\n2/,
  ],
  [
    "handles large files",
    "head -c 50000000 /dev/zero > big && stat -c %s big && split -b 10M big part. && ls part.* | wc -l && rm big part.*",
    /^50000000\n5\n/,
  ],
  ["prints much", "seq 1 20000", /^1\n2\n[^]*20000\n/],
  [
    "traps and sends signals",
    "trap 'echo caught' USR1; kill -USR1 $$; sleep 0.01; (sleep 30 & p=$!; kill $p; wait $p || echo gone)",
    /caught\n[^]*gone/,
  ],
  ["times out by itself", "timeout 0.1 sleep 5 || echo status $?", /status 124/],
  [
    "uses pipes, xargs and process substitution",
    "printf '%s\\n' b a | sort | xargs -I{} echo x{}; diff <(echo a) <(echo a) && comm -12 <(echo k) <(echo k)",
    /xa\nxb\nk/,
  ],
  ["uses mktemp and locks", "f=$(mktemp) && d=$(mktemp -d) && echo t > $f && flock $d cat $f && rm -r $f $d", /^t\n/],
  [
    "makes keys, certificates and random numbers",
    "openssl rand -hex 16 | wc -c; openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 1 -subj /CN=test 2>/dev/null; openssl x509 -in c.pem -noout -subject; python3 -c 'import uuid; print(len(str(uuid.uuid4())))'",
    /33\n[^]*test\n36/,
  ],
  [
    "calls a server of its own",
    "python3 -m http.server 8199 >/dev/null 2>&1 & sleep 0.1; for i in 1 2 3 4 5 6 7 8 9 10; do curl -sf http://127.0.0.1:8199/q.txt >/dev/null && break; sleep 0.2; done; curl -s http://localhost:8199/q.txt; kill %1",
    /漢字/,
  ],
];

suite("a developer", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let desk: Desk;
  before(async () => {
    desk = await openDesk();
  });
  after(() => desk.lorica.remove());

  for (const [what, command, expected] of tasks) test(what, async () => assert.match(await desk.sh(command), expected));

  test("reads, searches, edits and patches with the file tools what commands made, and the other way round", async () => {
    assert.match(await desk.use("read", { path: "app/README.md" }), /# Application/);
    assert.match(await desk.use("grep", { pattern: "puts", path: "." }), /hello\.c/);
    assert.match(await desk.use("glob", { pattern: "**/*.mjs" }), /js\/sum\.mjs/);
    await desk.use("edit", { path: "js/sum.mjs", oldText: "a + b", newText: "b + a" });
    const patch =
      "*** Begin Patch\n*** Update File: js/sum.mjs\n@@\n-export const sum = (a, b) => b + a;\n+export const sum = (a, b) => a - -b;\n*** Add File: js/new.mjs\n+export {};\n*** End Patch";
    await desk.use("apply_patch", { input: patch });
    assert.match(await desk.sh("cd js && node --test --test-reporter=tap && ls new.mjs"), /# pass 1[^]*new\.mjs/);
    await desk.use("write", { path: "deep/er/est/file.json", content: '{"a":1}' });
    assert.match(await desk.sh("jq .a deep/er/est/file.json"), /^1\n/);
  });

  test("starts a server in the background, asks it, reads its log, and ends it", async () => {
    const started = await desk.use("exec", {
      command:
        'exec node -e \'require("http").createServer((q, r) => { console.log(q.url); r.end("served"); }).listen(8200)\'',
      background: true,
    });
    const [, processId] = /processId (\S+?)\]/.exec(started) ?? [];
    assert.match(
      await desk.sh("curl -s --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:8200/page"),
      /served/,
    );
    assert.match(await desk.use("process", { action: "poll", processId }), /\/page/);
    assert.match(await desk.use("process", { action: "kill", processId }), /exit/);
  });

  test("works on a terminal: sizes, colours, programs that ask", async () => {
    assert.match(await desk.sh("test -t 1 && stty size && tput cols", { pty: true }), /^\d+ \d+/);
    assert.match(await desk.sh("python3 -i -q <<< 'print(6*7)'", { pty: true }), /42/);
    const started = await desk.use("exec", {
      command: "read -p 'name? ' n; echo hello $n",
      background: true,
      pty: true,
    });
    const [, processId] = /processId (\S+?)\]/.exec(started) ?? [];
    await desk.use("process", { action: "write", processId, data: "dev\n" });
    let said = "";
    for (let at = 0; at < 20 && !/exit \d/.test(said); at += 1)
      said += await desk.use("process", { action: "poll", processId, waitSeconds: 5 });
    assert.match(said, /hello dev/);
  });

  test("talks about hashes, ids and code in a turn, and reads them as they are", async () => {
    const ids = "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad, 550e8400-e29b-41d4-a716-446655440000";
    assert.ok((await desk.say(`!say ${ids}`)).includes(ids));
    assert.match(await desk.say('!call exec {"command":"git -C app rev-parse HEAD"}\n!echo'), /[0-9a-f]{40}/);
  });

  test("no wall took any of it for an attack", async () => assert.deepEqual(await desk.alarms(), []));
});
