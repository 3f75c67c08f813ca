// catalogue
// Config keys of the listening edge: where the gateway listens, who may call it, what it offers.
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { count, duration, key, later, laterUnset, names, path, secret, section, text } from "./field.ts";

const address = z.string().refine((value) => ipaddr.isValid(value) && value.length <= 64, "not an IP address");
const addressRange = z
  .string()
  .max(64)
  .refine(
    (value) => ipaddr.isValid(value) || ipaddr.isValidCIDR(value),
    "not an IP address or CIDR range, as 127.0.0.1 or 10.0.0.0/8",
  );
const proxy = z.union([z.literal("cloudflare"), addressRange]);
const headerName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,127}$/i, "not the name of a header");
const commandName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,127}$/i, "command names are exact: patterns are not accepted");
const origin = z.url({ protocol: /^https?$/, error: "an origin is written like https://host:port" });

const auth = section(
  {
    mode: key(
      z.enum(["token", "password", "trusted-proxy", "none"]).default("token"),
      "How clients prove who they are: the gateway's token or password, a user whom a proxy names, or, on this machine only, `none`. HTTP endpoints always ask for a credential.",
    ),
    token: key(
      secret("The gateway token."),
      "The gateway token, at least 32 characters; made at the first start where there is none.",
      "hot",
    ),
    password: secret("The gateway password, for auth mode `password`."),
    allowTailscale: key(
      z.boolean().default(false),
      "Let people of the tailnet in by the login that the local Tailscale daemon knows of them.",
    ),
    rateLimit: section(
      {
        maxAttempts: key(count.max(1_000).default(10), "Failed attempts from one address before it is locked out."),
        windowMs: key(
          z.int().min(1_000).max(86_400_000).default(60_000),
          "The time in which failed attempts are counted.",
        ),
        lockoutMs: key(z.int().min(1_000).max(86_400_000).default(300_000), "How long an address stays locked out."),
        exemptLoopback: later(
          z.boolean(),
          { safe: false, step: "later" },
          "Loopback is never exempt: behind a proxy everybody is loopback.",
        ),
      },
      "Limits on guessing credentials.",
      "hot",
    ),
    rotation: section(
      {
        enabled: key(
          z.boolean().default(false),
          "Replace the gateway's token by itself; every client of it has to follow.",
        ),
        schedule: key(
          z.enum(["monthly", "weekly"]).default("monthly"),
          "When: `monthly` on the first at 03:00, `weekly` on Mondays at 03:00.",
        ),
        grace: key(duration.default("24h"), "How long the earlier token counts beside the new one."),
      },
      "Rotation of the gateway's token.",
      "hot",
    ),
    trustedProxy: section(
      {
        userHeader: key(headerName.optional(), "The header in which an authenticating proxy names the user."),
        requiredHeaders: key(
          z.array(headerName).max(50).default([]),
          "Headers that a request through the proxy must carry.",
        ),
        allowUsers: key(names(500).default([]), "The users whom the proxy may name. Each of them is the owner."),
      },
      "Authentication by a proxy in front.",
    ),
  },
  "Authentication of clients.",
);

const endpoint = (name: string) =>
  section(
    { enabled: key(z.boolean().default(false), `Serve \`POST /v1/${name}\`.`) },
    `The OpenAI-compatible endpoint /v1/${name}.`,
  );

const http = section(
  {
    endpoints: section(
      { chatCompletions: endpoint("chat/completions"), responses: endpoint("responses") },
      "HTTP endpoints for API clients. All of them are off until enabled and always ask for the gateway token.",
      "hot",
    ),
    securityHeaders: section(
      {
        strictTransportSecurity: key(
          z
            .union([z.literal(false), text(256).regex(/^max-age=\d{1,9}(; ?[a-z]+)*$/i, "is written max-age=…; …")])
            .optional(),
          "Strict-Transport-Security for whoever comes over TLS; two years with subdomains where nothing is said, `false` sends none.",
          "hot",
        ),
      },
      "Headers added to each HTTP answer.",
    ),
  },
  "The HTTP surface.",
);

const tls = section(
  {
    enabled: key(z.boolean().default(false), "Serve TLS directly, with the certificate of `certPath`."),
    autoGenerate: later(z.boolean(), { safe: false, step: "later" }, "Make a certificate where none is given."),
    certPath: key(path.optional(), "The certificate and those that lead to its authority, as PEM."),
    keyPath: key(path.optional(), "The private key, as PEM: the user's own file, closed to others."),
    caPath: laterUnset(path, "later", "Certificate authorities of clients, as PEM."),
  },
  "Native TLS.",
);

const controlUi = section(
  {
    enabled: key(z.boolean().default(true), "Serve the web interface."),
    basePath: key(
      z
        .string()
        .max(256)
        .regex(/^(?:\/[a-z0-9][a-z0-9_-]*)*$/i, "a path is written like /lorica, and empty is the root")
        .default(""),
      "The path under which the web interface is served.",
    ),
    allowedOrigins: key(
      z.array(origin).max(100).default([]),
      "Origins, besides the gateway's own, from which browsers may connect.",
    ),
    allowInsecureAuth: later(
      z.boolean(),
      { safe: false, step: "later" },
      "Sign in without a secure context. Never safe.",
    ),
    dangerouslyDisableDeviceAuth: later(
      z.boolean(),
      { safe: false, step: "later" },
      "Sign in without a paired device. Never safe.",
    ),
  },
  "The web interface.",
  "hot",
);

const remote = section(
  {
    url: key(
      z
        .url({ protocol: /^wss?$/, error: "a gateway's address is written like wss://host:18789" })
        .max(2_048)
        .optional(),
      "The gateway to connect to: wss://, or ws:// where it is on this machine or in the tailnet.",
    ),
    token: secret("The token of the remote gateway."),
    password: secret("The password of the remote gateway."),
    tlsFingerprint: key(
      z
        .string()
        .regex(/^(sha256[:=])?([0-9a-f]{2}:?){32}$/i, "a fingerprint is the SHA-256 of the certificate in hex")
        .optional(),
      "The SHA-256 of the remote certificate. Where it is given, it decides and no authority does.",
    ),
  },
  'A gateway on another machine, for `gateway.mode: "remote"`.',
);

const nodes = section(
  {
    allowCommands: key(
      z.array(commandName).max(200).default([]),
      "Node commands that may be invoked beside those of the node's platform: cameras, screens and places are only here.",
      "hot",
    ),
    denyCommands: key(z.array(commandName).max(200).default([]), "Node commands that may never be invoked.", "hot"),
    pairing: section(
      {
        autoApproveLocal: later(
          z.boolean(),
          { safe: false, step: "later" },
          "Pair devices on this machine without asking. Never safe.",
        ),
      },
      "How devices are paired.",
    ),
  },
  "Paired devices that run commands.",
);

export const gateway = section(
  {
    port: key(
      z.int().min(1).max(65_535).default(18_789),
      "The TCP port. `--port` and OPENCLAW_GATEWAY_PORT come first.",
    ),
    mode: key(z.enum(["local", "remote"]).default("local"), "Run a gateway here, or use one elsewhere."),
    bind: key(
      z.enum(["loopback", "lan", "tailnet", "auto", "custom"]).default("loopback"),
      "Where to listen: `loopback` this machine, `lan` every interface, `custom` the address in customBindHost, `auto` loopback, `tailnet` the Tailscale address.",
    ),
    customBindHost: key(address.optional(), 'The address to listen on with `bind: "custom"`.'),
    auth,
    tailscale: section(
      {
        mode: key(
          z.enum(["off", "serve", "funnel"]).default("off"),
          "Publish the gateway through Tailscale: `serve` to the tailnet, `funnel` to the whole internet.",
        ),
        httpsPort: key(z.int().min(1).max(65_535).default(443), "The port that Tailscale publishes it at."),
        resetOnExit: key(z.boolean().default(false), "Take the Tailscale publication back when the gateway stops."),
      },
      "Tailscale.",
    ),
    trustedProxies: key(
      z.array(proxy).max(200).default([]),
      "Addresses or CIDR ranges of proxies whose forwarding headers are believed; `cloudflare` stands for Cloudflare's.",
      "hot",
    ),
    allowRealIpFallback: key(
      z.boolean().default(false),
      "Believe X-Real-IP of a trusted proxy that sends no X-Forwarded-For.",
      "hot",
    ),
    allowedAddresses: key(
      z.array(addressRange).max(500).default([]),
      "Addresses or CIDR ranges of clients that may use the gateway at all; empty means all. This machine always may.",
      "hot",
    ),
    controlUi,
    http,
    tools: section(
      {
        allow: key(
          names().default([]),
          "Tools that run programs, change files or reach further, and that `POST /tools/invoke` offers to the owner all the same.",
          "hot",
        ),
        deny: key(names().default([]), "Tools that `POST /tools/invoke` never offers."),
      },
      "Direct tool calls over HTTP.",
    ),
    nodes,
    tls,
    terminal: section(
      { enabled: later(z.boolean(), { safe: false, step: "later" }, "A terminal on the host in the web interface.") },
      "The web terminal.",
    ),
    reload: section(
      {
        mode: key(
          z.enum(["hybrid", "off"]).default("hybrid"),
          "`hybrid` applies what can be applied at once; `off` waits for a restart.",
          "hot",
        ),
      },
      "What happens when the file changes.",
    ),
    remote,
  },
  "The gateway's listening edge.",
  "restart",
);
