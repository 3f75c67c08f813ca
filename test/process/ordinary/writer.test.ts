// What somebody who writes does all day, with every wall up and hooks besides.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { openDesk } from "../../faux/outside/desk.ts";
import type { Desk } from "../../faux/outside/desk.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";

type Task = readonly [what: string, command: string, expected: RegExp];

const tasks: readonly Task[] = [
  ["counts words", "wc -w book/*.md | tail -1", /^ *1\d total/],
  ["replaces across chapters", "sed -i 's/Anna/Änne/g' book/*.md && grep -c Änne book/*.md | sort", /book\/01.md:1\n/],
  [
    "keeps versions",
    "git init -q . && git config user.name W && git config user.email w@example.org && git add book && git commit -qm draft && sed -i 's/rain/snow/' book/02.md && git diff --word-diff=plain --no-color | grep -F '[-rain-]{+snow+}'",
    /snow/,
  ],
  [
    "compares two drafts side by side",
    "cp book/01.md old.md && echo 'A new line.' >> book/01.md && diff -u old.md book/01.md || true",
    /\+A new line\./,
  ],
  [
    "makes and applies a patch",
    "diff -u old.md book/01.md > change.patch || true; cp old.md again.md && patch -s again.md change.patch && cmp again.md book/01.md && echo same",
    /same/,
  ],
  ["joins chapters", "cat book/0*.md > whole.md && head -1 whole.md", /^# One/],
  ["lists headings", "grep -hn '^#' book/*.md", /1:# One\n[^]*# Two/],
  ["finds the longest lines", "awk '{ print length($0) }' book/*.md | sort -n | tail -1", /^\d+\n/],
  [
    "counts how often words are used",
    "tr -cs '[:alpha:]' '\\n' < book/01.md | tr A-Z a-z | sort | uniq -c | sort -rn | head -3",
    /\d+ \w+/,
  ],
  ["wraps paragraphs", "fold -s -w 20 book/01.md | head -5 && fmt -w 30 book/02.md >/dev/null", /One/],
  ["converts encodings and line ends", "printf 'caf\\351\\r\\n' | iconv -f latin1 -t utf8 | sed 's/\\r$//'", /café/],
  ["turns tables into CSV", "printf 'a\\tb\\n1\\t2\\n' > t.tsv && tr '\\t' , < t.tsv", /a,b\n1,2/],
  [
    "makes a web page of its text",
    "python3 - <<'E'\nimport html, pathlib\nt = pathlib.Path('book/01.md').read_text()\npathlib.Path('o.html').write_text('<p>' + html.escape(t) + '</p>')\nprint('ok')\nE",
    /ok/,
  ],
  [
    "checks links between files",
    "grep -oh '](.*\\.md)' book/*.md | tr -d '](' | tr -d ')' | while read f; do test -f book/$f && echo found $f; done",
    /found 02\.md/,
  ],
  [
    "renames many files",
    'for f in book/0*.md; do cp "$f" "book/chapter ${f##*/}"; done; ls book | sort',
    /chapter 01\.md/,
  ],
  ["zips a manuscript", "python3 -m zipfile -c m.zip book && python3 -m zipfile -t m.zip", /Done testing/],
  [
    "writes names and places in any script",
    "echo 'Ελένη, Юлия, 美咲, محمد, Zoë' > names.txt && wc -m names.txt && sort names.txt",
    /Ελένη, Юлия, 美咲/,
  ],
  [
    "quotes addresses and numbers as they are",
    "echo 'Call +44 20 7946 0958 or write to jane.roe@example.org; IBAN GB82 WEST 1234 5698 7654 32; ISBN 978-3-16-148410-0' > contact.md && cat contact.md",
    /\+44 20 7946 0958 or write to jane\.roe@example\.org; IBAN GB82 WEST 1234 5698 7654 32; ISBN 978-3-16-148410-0/,
  ],
  [
    "embeds a picture in a text",
    "python3 -c \"import base64, os; print('![](data:image/png;base64,' + base64.b64encode(os.urandom(300)).decode() + ')')\" > picture.md && cat picture.md",
    /^!\[\]\(data:image\/png;base64,[A-Za-z0-9+/]{396,404}={0,2}\)/,
  ],
];

const png =
  "python3 -c \"import struct, zlib; c = lambda t, d: struct.pack('>I', len(d)) + t + d + struct.pack('>I', zlib.crc32(t + d)); open('dot.png', 'wb').write(b'\\x89PNG\\r\\n\\x1a\\n' + c(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 2, 0, 0, 0)) + c(b'IDAT', zlib.compress(b'\\0\\xff\\0\\0')) + c(b'IEND', b''))\"";

suite("a writer", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let desk: Desk;
  before(async () => {
    desk = await openDesk("with hooks");
  });
  after(() => desk.lorica.remove());

  test("writes chapters", async () => {
    await desk.use("write", { path: "book/01.md", content: "# One\n\nAnna went out, see [next](02.md).\n" });
    await desk.use("write", { path: "book/02.md", content: "# Two\n\nThe rain had stopped.\n" });
    assert.match(await desk.use("glob", { pattern: "book/*.md" }), /01\.md[^]*02\.md/);
  });

  for (const [what, command, expected] of tasks) test(what, async () => assert.match(await desk.sh(command), expected));

  test("edits a sentence, searches for another, and reads from the middle", async () => {
    await desk.use("edit", { path: "book/02.md", oldText: "had stopped", newText: "had not stopped" });
    assert.match(await desk.use("grep", { pattern: "NOT stopped", path: "book", ignoreCase: true }), /02\.md/);
    assert.match(await desk.use("read", { path: "whole.md", offset: 3, limit: 1 }), /Änne/);
  });

  test("changes several chapters in one patch", async () => {
    const patch =
      "*** Begin Patch\n*** Update File: book/02.md\n@@\n-# Two\n+# Two, again\n*** Add File: book/03.md\n+# Three\n*** Delete File: old.md\n*** End Patch";
    assert.match(await desk.use("apply_patch", { input: patch }), /A book\/03\.md/);
    assert.match(await desk.sh("cat book/02.md book/03.md; test ! -e old.md"), /# Two, again[^]*# Three/);
  });

  test("looks at a picture", async () => {
    await desk.sh(png);
    await desk.use("read", { path: "dot.png" });
  });

  test("keeps notes in a long text and finds its place again", async () => {
    const lines = Array.from({ length: 3_000 }, (_, at) => `Line ${at}: the quick brown fox jumps over the lazy dog.`);
    await desk.use("write", { path: "long.md", content: `${lines.join("\n")}\n` });
    assert.match(await desk.use("read", { path: "long.md", offset: 2_500, limit: 2 }), /Line 2499:[^]*Line 2500:/);
  });

  test("speaks of passwords, keys and secrets as words, which is no leak", async () => {
    const said = "The password is the theme of chapter 2; her secret key opened the token drawer. api_key, Bearer, sk-";
    assert.ok((await desk.say(`!say ${said}`)).includes(said));
    await desk.use("write", { path: "theme.md", content: said });
    assert.ok((await desk.use("read", { path: "theme.md" })).includes(said));
  });

  test("has the whole conversation in the session afterwards", async () => {
    await desk.say("!say Chapter four is next.", "draft");
    const { stdout } = await desk.lorica.run(["sessions", "show", "draft"]);
    assert.match(stdout, /Chapter four is next/);
  });

  test("no wall took any of it for an attack", async () => assert.deepEqual(await desk.alarms(), []));
});
