// What only Telegram knows about an account: where its Bot API is, if the owner runs one.
import { z } from "zod";
import type { ChannelAccount, ChannelRoute } from "../../src/channel/channel.ts";

export const route: ChannelRoute = {
  baseUrl: "https://api.telegram.org",
  credential: { kind: "path-token", prefix: "bot" },
};

const settings = z.object({ apiRoot: z.string().optional() });

/** Without a slash at its end. */
export function apiRootOf(account: ChannelAccount): string {
  const parsed = settings.safeParse(account.settings);
  const root = parsed.success ? parsed.data.apiRoot : undefined;
  return (root ?? route.baseUrl).replace(/\/+$/, "");
}
