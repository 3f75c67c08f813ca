// `watchdog alerts` and `watchdog ack`: what the owner was alerted to.
import type { Invocation } from "../../context.ts";
import { commandLine, withOwner } from "../../reach.ts";

const idShown = 8;

export async function showAlerts(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const { alerts } = await withOwner(invocation, (owner) => owner.call("watchdog.alerts", {}));
  io.result(alerts, () => {
    if (alerts.length === 0) return io.line("nothing to tell");
    for (const { id, at, text, times, lastAt } of alerts) {
      const again = times === 1 ? "" : `, ${times} times until ${timeOf(lastAt)}`;
      io.line(`${io.style("bold", id.slice(0, idShown))}  ${timeOf(at)} UTC${again}`);
      for (const line of text.split("\n")) io.line(`  ${line}`);
    }
    io.line(`You know about it: ${commandLine(invocation, "watchdog ack")}`);
  });
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

export async function acknowledgeAlerts(invocation: Invocation): Promise<void> {
  const [id] = invocation.args;
  const params = id === undefined ? {} : { id };
  const result = await withOwner(invocation, (owner) => owner.call("watchdog.ack", params));
  const count = result.acknowledged;
  const nothingFound = id === undefined ? "there was nothing to acknowledge" : `there is no alert ${id}`;
  invocation.io.result(result, () => invocation.io.line(count === 0 ? nothingFound : `${count} acknowledged`));
}
