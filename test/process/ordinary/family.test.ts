// What a family does with its assistant, with every wall up: lists, dates, sums, names, and each member by themselves.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { openDesk } from "../../faux/outside/desk.ts";
import type { Desk } from "../../faux/outside/desk.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";

type Task = readonly [what: string, command: string, expected: RegExp];

const tasks: readonly Task[] = [
  ["adds to a shopping list", "echo '- [ ] oat milk' >> shopping.md && cat shopping.md", /bread[^]*oat milk/],
  ["ticks something off", "sed -i 's/\\[ \\] bread/[x] bread/' shopping.md && grep -c '\\[x\\]' shopping.md", /^1\n/],
  ["sorts and removes what is there twice", "printf 'eggs\\nmilk\\neggs\\n' | sort -u", /^eggs\nmilk\n/],
  [
    "sums what was spent",
    "printf 'date,what,amount\\n2026-01-03,food,41.20\\n2026-01-09,train,12.80\\n' > spent.csv && awk -F, 'NR > 1 { s += $3 } END { printf \"%.2f\\n\", s }' spent.csv",
    /^54\.00\n/,
  ],
  [
    "sums by kind",
    "python3 -c \"import csv, collections; c = collections.Counter(); [c.update({r['what']: float(r['amount'])}) for r in csv.DictReader(open('spent.csv'))]; print(dict(c))\"",
    /'food': 41\.2/,
  ],
  [
    "keeps a calendar as text",
    "printf '2026-05-02 10:00 dentist (Mia)\\n2026-04-30 18:00 choir\\n' > calendar.txt && sort calendar.txt | head -1",
    /choir/,
  ],
  [
    "counts the days until a birthday",
    "echo $(( ($(date -d 2026-12-24 +%s) - $(date -d 2026-12-01 +%s)) / 86400 ))",
    /^23\n/,
  ],
  [
    "knows weekdays and time zones",
    "date -d 2026-01-01 +%A && TZ=Asia/Tokyo date -d '2026-01-01 00:00 UTC' +%H:%M",
    /Thursday\n09:00/,
  ],
  [
    "writes a calendar entry for a phone",
    "printf 'BEGIN:VCALENDAR\\r\\nVERSION:2.0\\r\\nBEGIN:VEVENT\\r\\nUID:5f2c@example.org\\r\\nSUMMARY:Choir\\r\\nEND:VEVENT\\r\\nEND:VCALENDAR\\r\\n' > choir.ics && grep SUMMARY choir.ics",
    /Choir/,
  ],
  [
    "doubles a recipe",
    "printf 'flour 250 g\\nmilk 0.5 l\\n' > pancakes.txt && awk '{ $2 *= 2; print }' pancakes.txt",
    /flour 500 g\nmilk 1 l/,
  ],
  [
    "plans meals for a week",
    'for d in Mon Tue Wed; do echo "$d: $(shuf -n1 -e soup pasta rice)"; done | wc -l',
    /^3\n/,
  ],
  [
    "renames photographs by date",
    'mkdir -p photos && for n in 1 2 3; do touch -d 2025-07-0$n "photos/DSC_000$n.JPG"; done && for f in photos/*.JPG; do mv "$f" "photos/$(date -r "$f" +%F)-beach.jpg"; done && ls photos',
    /2025-07-01-beach\.jpg/,
  ],
  ["finds what takes up space", "du -sh photos && find photos -name '*.jpg' | wc -l", /^\S+\tphotos\n3\n/],
  [
    "keeps telephone numbers",
    "printf 'Oma,+49 30 901820\\nDr. Weiß,030 123456\\n' > phone.csv && grep -i weiß phone.csv",
    /Dr\. Weiß,030 123456/,
  ],
  [
    "keeps reminders",
    'printf \'%s\\n\' \'{"at":"2026-03-01T08:00","what":"water the plants"}\' >> reminders.jsonl && jq -r .what reminders.jsonl',
    /water the plants/,
  ],
  ["converts units and money", "python3 -c 'print(round(5 * 0.621371, 2), round(100 / 1.08, 2))'", /^3\.11 92\.59/],
  [
    "draws a chart in text",
    "printf '3 a\\n5 b\\n' | while read n l; do printf '%s ' $l; printf '#%.0s' $(seq $n); echo; done",
    /a ###\nb #####/,
  ],
  [
    "splits chores by the week",
    "w=$(date -d 2026-01-12 +%V); set -- Mia Ben Oma; shift $(( 10#$w % 3 )); echo $1",
    /Mia|Ben|Oma/,
  ],
  [
    "writes in several languages",
    "printf 'Guten Morgen\\nおはよう\\nДоброе утро\\nصباح الخير\\n' > hello.txt && wc -l < hello.txt",
    /^4\n/,
  ],
];

suite("a family", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let desk: Desk;
  before(async () => {
    desk = await openDesk();
    await desk.use("write", { path: "shopping.md", content: "- [ ] bread\n" });
  });
  after(() => desk.lorica.remove());

  for (const [what, command, expected] of tasks) test(what, async () => assert.match(await desk.sh(command), expected));

  test("each member has a session, with a scratch folder and a conversation of its own", async () => {
    const [mia, ben] = ["agent:main:mia", "agent:main:ben"];
    await desk.use("exec", { command: "echo surprise party > /tmp/secret-plan" }, mia);
    assert.match(await desk.use("exec", { command: "cat /tmp/secret-plan" }, mia), /surprise party/);
    assert.match(
      await desk.use("exec", { command: "ls /tmp/secret-plan 2>/dev/null || echo nothing" }, ben),
      /nothing/,
    );
    // What is in the workspace is everybody's.
    assert.match(await desk.use("read", { path: "shopping.md" }, ben), /oat milk/);
    await desk.say("!say Mia's talk", "mia");
    await desk.say("!say Ben's talk", "ben");
    const { stdout } = await desk.lorica.run(["sessions", "show", "ben"]);
    assert.match(stdout, /Ben's talk/);
    assert.doesNotMatch(stdout, /Mia's talk/);
  });

  test("asks about money, health and names in a turn, and hears them as they are", async () => {
    for (const said of [
      "Transfer 120.50 EUR to DE89 3704 0044 0532 0130 00, reference 2026-0117.",
      "Oma takes 5 mg at 8:00 and 20:00; her doctor is at +49 30 901820.",
      "Order 7f3e9a52-1c0d-4f6b-9a53-d1b0d0c7a111 arrives on 12/24, door code 4711.",
      "Мия: завтра в 9:00; 花子さんは10時; مرحبا",
    ])
      assert.ok((await desk.say(`!say ${said}`)).includes(said), said);
  });

  test("uses what the tools find in the answer", async () => {
    assert.match(
      await desk.say('!call read {"path":"calendar.txt"}\n!call grep {"pattern":"milk"}\n!echo'),
      /dentist[^]*oat milk/,
    );
  });

  test("starts anew, and what was kept is there", async () => {
    await desk.lorica.stop();
    await desk.lorica.start();
    await desk.lorica.run(["status"]);
    assert.match(await desk.sh("cat reminders.jsonl"), /water the plants/);
    const { stdout } = await desk.lorica.run(["sessions", "show", "mia"]);
    assert.match(stdout, /Mia's talk/);
  });

  test("no wall took any of it for an attack", async () => assert.deepEqual(await desk.alarms(), []));

  test("had one done so, that would have been seen", async () => {
    const hooks = { PreToolUse: [{ matcher: "Bash", hooks: ["/usr/bin/false"] }] };
    writeFileSync(join(desk.lorica.stateDir, "settings.json"), JSON.stringify({ hooks }), { mode: 0o600 });
    await assert.rejects(desk.sh("echo work"));
    assert.match((await desk.alarms()).join("\n"), /"kind":"hook".*"verdict":"deny"[^]*hooks is degraded/);
  });
});
