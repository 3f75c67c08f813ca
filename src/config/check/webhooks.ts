// Where platforms deliver to: each account has a path of its own, and none is one that the gateway answers itself.
import type { Config } from "../schema/schema.ts";

type Problem = { readonly path: readonly string[]; readonly message: string };

/** The gateway's own, below which nothing of a platform may lie. */
const taken = /^\/(?:$|v1(?:\/|$)|api(?:\/|$)|tools(?:\/|$)|(?:health|ready|startup)z?$)/;

export function webhookProblems({ channels }: Config): readonly Problem[] {
  const problems: Problem[] = [];
  const owners = new Map<string, string>();
  for (const { path, url } of webhooksOf(channels)) {
    const { pathname } = new URL(url);
    const other = owners.get(pathname);
    const where = ["channels", ...path, "webhookUrl"];
    if (taken.test(pathname))
      problems.push({ path: where, message: `has the path ${pathname}, which is the gateway's own; choose another` });
    else if (other !== undefined)
      problems.push({ path: where, message: `has the same path as channels.${other}; each account needs its own` });
    owners.set(pathname, path.join("."));
  }
  return problems;
}

function webhooksOf(channels: Config["channels"]) {
  return Object.entries(channels).flatMap(([type, channel]) => {
    if (!("accounts" in channel)) return [];
    const named = Object.entries(channel.accounts).map(([id, { webhookUrl }]) => ({
      path: [type, "accounts", id],
      url: webhookUrl,
    }));
    return [{ path: [type], url: channel.webhookUrl }, ...named].flatMap(({ path, url }) =>
      url === undefined ? [] : [{ path, url }],
    );
  });
}
