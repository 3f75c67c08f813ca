// `openclaw tui`: it asks to be let in, is let in by the owner, and holds a conversation on a real terminal.
import { openTerminal } from "../faux/terminal/terminal.ts";
import type { Terminal } from "../faux/terminal/terminal.ts";
import type { House } from "./house.ts";

const enter = "\r";
const ctrlC = "\u0003";
/** To begin, which takes it seconds, and minutes where the machine is busy. */
const startMs = 120_000;

export async function chatInTerminal(house: House): Promise<readonly string[]> {
  const words = house.peer.command("tui", "--url", house.url, "--token", house.lorica.token);
  const stranger = openTerminal(words, { env: house.peer.env, columns: 120 });
  let approved: string;
  try {
    await stranger.until(/pairing required/, startMs);
    approved = await house.approve("openclaw-tui");
    await leave(stranger);
  } finally {
    stranger.kill();
  }
  const terminal = openTerminal(words, { env: house.peer.env, columns: 120 });
  try {
    await terminal.until(/gateway connected/, startMs);
    terminal.type(`hello from the terminal${enter}`);
    const seen = await terminal.until((text) => /not an AI/.test(text) && /connected \| idle/.test(text), startMs);
    await leave(terminal);
    const shown = seen.split("\n").map((line) => line.trim());
    return [approved, ...shown.filter((line) => /[a-z]/.test(line))];
  } finally {
    terminal.kill();
  }
}

/** Once asks it to stop and twice tells it; how far apart is its own affair. */
async function leave(terminal: Terminal): Promise<void> {
  const again = setInterval(() => terminal.type(ctrlC), 500);
  await terminal.ended;
  clearInterval(again);
}
