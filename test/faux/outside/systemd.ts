// A systemctl and a loginctl that do what the real ones would, as far as one service of one user goes: they read the
// unit, start and stop what it names, and write down what they were asked.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const systemctl = String.raw`#!/bin/sh
folder=$HOME/.faux-systemd
echo "systemctl $*" >>"$folder/asked"
[ ! -e "$folder/unreachable" ] || { echo "Failed to connect to bus: No medium found" >&2; exit 1; }
[ "$1" = --user ] && shift
unit=$HOME/.config/systemd/user/$2
pid=$(cat "$folder/pid" 2>/dev/null) || pid=0
alive() { [ "$pid" != 0 ] && kill -0 "$pid" 2>/dev/null; }
stop() {
  alive || return 0
  kill "$pid"
  while alive; do sleep 0.02; done
  echo success >"$folder/result"
}
start() {
  ! alive || return 0
  echo success >"$folder/result"
  run=$(sed -n 's/^ExecStart=//p' "$unit")
  # The system starts a service without anything of the caller's environment.
  setsid sh -c 'env -i HOME="$HOME" PATH=/usr/bin:/bin sh -c "exec $1" >"$2/journal" 2>&1; code=$?
    [ $code = 0 ] || { echo $code >"$2/status"; echo exit-code >"$2/result"; }' sh "$run & echo \$! >$folder/pid; wait \$!" "$folder" >/dev/null 2>&1 &
  echo 0 >"$folder/status"
  while [ ! -s "$folder/pid" ] || [ "$(cat "$folder/pid")" = "$pid" ]; do sleep 0.02; done
}
case $1 in
  show)
    active=inactive
    alive && active=active || { pid=0; [ "$(cat "$folder/result" 2>/dev/null)" != exit-code ] || active=failed; }
    enabled=disabled
    [ ! -e "$folder/enabled" ] || enabled=enabled
    printf 'LoadState=loaded\nActiveState=%s\nUnitFileState=%s\nResult=%s\nExecMainStatus=%s\nNRestarts=0\nMainPID=%s\nUser=\n' \
      "$active" "$enabled" "$(cat "$folder/result" 2>/dev/null || echo success)" "$(cat "$folder/status" 2>/dev/null || echo 0)" "$pid"
    ;;
  daemon-reload | show-environment) ;;
  reset-failed) rm -f "$folder/result" ;;
  enable) : >"$folder/enabled" ;;
  disable) rm -f "$folder/enabled"; unit=$HOME/.config/systemd/user/$3; stop ;;
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  *) echo "unknown: $*" >&2; exit 1 ;;
esac
`;

const loginctl = String.raw`#!/bin/sh
folder=$HOME/.faux-systemd
echo "loginctl $*" >>"$folder/asked"
case $1 in
  show-user) [ -e "$folder/linger" ] && echo Linger=yes || echo Linger=no ;;
  enable-linger)
    [ ! -e "$folder/no-linger" ] || { echo "Could not enable linger: Access denied" >&2; exit 1; }
    : >"$folder/linger" ;;
esac
`;

export type FauxSystemd = {
  /** In front of PATH. */
  readonly bin: string;
  /** What was asked, without the questions, since the last look. */
  orders(): readonly string[];
  /** From now on: no bus as after `su`, or no right to linger. */
  set(what: "unreachable" | "no-linger"): void;
  /** What the service printed. */
  journal(): string;
};

export function createFauxSystemd(home: string): FauxSystemd {
  const folder = join(home, ".faux-systemd");
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  for (const [name, text] of Object.entries({ systemctl, loginctl })) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const asked = join(folder, "asked");
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
  return {
    bin,
    orders() {
      const lines = read(asked).split("\n");
      writeFileSync(asked, "");
      return lines.filter((line) => line !== "" && !/ show( |-)/.test(line));
    },
    set(what) {
      rmSync(join(folder, "linger"), { force: true });
      writeFileSync(join(folder, what), "");
    },
    journal: () => read(join(folder, "journal")),
  };
}
