// What may be reached from cells: the keys of `egress` and of each agent's own.
import { z } from "zod";
import { parseHostPlace } from "../../protocol/known/hosts.ts";
import { agentId, key, section, text } from "./field.ts";

const host = text(300).superRefine((value, context) => {
  const place = parseHostPlace(value);
  if (!place.ok) context.addIssue({ code: "custom", message: place.reason });
});

const port = z.int().min(1).max(65_535);
const method = z.string().regex(/^[A-Z]{1,16}$/, "a method is written in capitals, as GET");
const pathPrefix = z
  .string()
  .max(1_024)
  .regex(/^\/[\x21-\x7e]*$/, "a path begins with / and holds no spaces");

const rule = z.union([
  host,
  z.strictObject({
    host: key(host, "The host, as in the short form."),
    ports: key(z.array(port).min(1).max(20).optional(), "Its ports; 443 where left out."),
    agents: key(z.array(agentId).min(1).max(100).optional(), "Only for these agents."),
    methods: key(z.array(method).min(1).max(20).optional(), "Only with these methods. Ends the host's TLS."),
    paths: key(z.array(pathPrefix).min(1).max(50).optional(), "Only at and below these paths. Ends the host's TLS."),
    accounts: key(
      z.array(text(256).min(1)).min(1).max(50).optional(),
      "Only for these providers (`openai`) or accounts of platforms (`telegram/default`).",
    ),
    credentials: key(
      z.array(text(128).min(1)).min(1).max(50).optional(),
      "Where it allows: secrets that a placeholder may stand for at this host. Where it denies: only requests with these.",
    ),
    private: key(
      z.boolean().optional(),
      "The host is one of the owner's own network, so its name may lead to a private address.",
    ),
    until: key(z.iso.datetime().optional(), "When the rule ends."),
  }),
]);

const rules = z.array(rule).max(500);
const presets = z.array(z.enum(["packages", "git"])).max(2);
const hosts = z.array(host).max(100);

export const agentEgress = section(
  {
    profile: key(
      z.enum(["none", "listed", "packages", "web-read"]).default("listed"),
      "`none`: no network, whatever is listed. `listed`: what the lists name. `packages`: the same and the preset of that name. `web-read`: what the lists name, to read: GET and HEAD, 64 kB upwards.",
    ),
    allow: key(rules.default([]), "Hosts for this agent's commands, beside `egress.allow`."),
    deny: key(rules.default([]), "Never these. Denials add up."),
    presets: key(presets.default([]), "Lists for this agent, beside `egress.presets`."),
    terminate: key(hosts.default([]), "As `egress.terminate`, for this agent."),
    uploadMaxBytes: key(
      z.int().min(0).max(1_000_000_000_000).optional(),
      "Bytes that one connection of its commands may send.",
    ),
  },
  "What an agent's commands may reach. Without any rule a cell has no network at all.",
  "hot",
);

export const egress = section(
  {
    allow: key(
      rules.default([]),
      "Hosts that commands of every agent may reach: `host`, `host:port`, `*.host`, or an object. Port 443 where none is named.",
    ),
    deny: key(rules.default([]), "Hosts that nothing reaches, the gateway's own requests included. Deny wins."),
    presets: key(
      presets.default([]),
      "Ready lists. `packages`: npm, PyPI, crates.io and others; whoever has an account there can publish what a command read. `git`: GitHub, GitLab and others; whoever has a repository there can be pushed to.",
    ),
    terminate: key(
      hosts.default([]),
      "Hosts whose TLS the broker ends with a certificate of its own, so that rules see methods and paths. Programs that pin certificates refuse it.",
    ),
    proxy: key(
      text(1_024)
        .regex(/^https?:\/\/[^\s@/]+\/?$/, "a proxy is http://host:port, without a name and password")
        .optional(),
      "A proxy for requests to providers and platforms, which then resolves their names. What is named by an address of this machine or its network, or `localhost`, is asked directly.",
    ),
  },
  "Which hosts may be reached.",
  "hot",
);
