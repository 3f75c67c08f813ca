// Points in time as people say them.
import { useApp } from "./context.ts";

export function When({ at }: { readonly at: number }) {
  const date = new Date(at);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {sinceText(at, Math.max(useApp().now.value, at))}
    </time>
  );
}

const minuteMs = 60_000;
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

function sinceText(at: number, to: number): string {
  const minutes = Math.round((to - at) / minuteMs);
  if (minutes < 1) return "now";
  if (minutes < 60) return relative.format(-minutes, "minute");
  if (minutes < 24 * 60) return relative.format(-Math.round(minutes / 60), "hour");
  const days = Math.round(minutes / 60 / 24);
  if (days < 7) return relative.format(-days, "day");
  return new Date(at).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}
