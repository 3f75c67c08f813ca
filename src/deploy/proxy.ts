// Configurations of the proxies that people put in front of a gateway. Text only: whoever runs the proxy reads it and puts
// it in place.
import { limits } from "../base/limits.ts";
import type { DeployFacts } from "./deploy.ts";

/** What the gateway must be told, once, so that it believes this proxy and answers to the name. */
function toldFirst({ hostName }: DeployFacts, comment: string): readonly string[] {
  return [
    `Made from the gateway's config. The gateway itself needs to know of the proxy and of the name:`,
    `  lorica config set gateway.trustedProxies '["127.0.0.1"]'`,
    `  lorica config set gateway.controlUi.allowedOrigins '["https://${hostName}"]'`,
  ].map((line) => `${comment} ${line}`);
}

const dayS = 86_400;
const edgeBodyMb = 10;

/** Its zones are the gateway's own limits, so that whoever is too fast is stopped further out. */
export function renderNginx(facts: DeployFacts): string {
  const { hostName, port } = facts;
  const toGateway = [
    "        proxy_pass http://lorica;",
    "        proxy_http_version 1.1;",
    "        proxy_set_header Host $host;",
    "        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "        proxy_set_header X-Forwarded-Proto $scheme;",
    "        proxy_set_header Upgrade $http_upgrade;",
    "        proxy_set_header Connection $lorica_connection;",
    "        proxy_buffering off;",
    `        proxy_read_timeout ${dayS}s;`,
    `        proxy_send_timeout ${dayS}s;`,
  ];
  const location = (path: string, zone: string, burst: number): readonly string[] => [
    `    location ${path} {`,
    `        limit_req zone=${zone} burst=${burst} nodelay;`,
    ...toGateway,
    "    }",
  ];
  return lines(
    ...toldFirst(facts, "#"),
    `limit_req_zone $binary_remote_addr zone=lorica_general:10m rate=${limits.httpPerSecond}r/s;`,
    `limit_req_zone $binary_remote_addr zone=lorica_chat:10m rate=${limits.chatPerMinute}r/m;`,
    `limit_req_zone $binary_remote_addr zone=lorica_tools:10m rate=${limits.toolsPerMinute}r/m;`,
    "limit_req_status 429;",
    'map $http_upgrade $lorica_connection { default upgrade; "" close; }',
    `upstream lorica { server 127.0.0.1:${port}; keepalive 16; }`,
    "server {",
    "    listen 80;",
    "    listen [::]:80;",
    `    server_name ${hostName};`,
    "    return 301 https://$host$request_uri;",
    "}",
    "server {",
    "    listen 443 ssl;",
    "    listen [::]:443 ssl;",
    `    server_name ${hostName};`,
    `    ssl_certificate /etc/letsencrypt/live/${hostName}/fullchain.pem;`,
    `    ssl_certificate_key /etc/letsencrypt/live/${hostName}/privkey.pem;`,
    "    ssl_protocols TLSv1.2 TLSv1.3;",
    "    server_tokens off;",
    `    client_max_body_size ${edgeBodyMb}m;`,
    ...location("/v1/", "lorica_chat", limits.httpBurst),
    ...location("/tools/", "lorica_tools", limits.httpBurst),
    ...location("/", "lorica_general", limits.httpBurst),
    "}",
  );
}

/** Caddy fetches certificates, redirects to HTTPS and passes WebSockets on by itself; pace is the gateway's own. */
export function renderCaddy(facts: DeployFacts): string {
  return lines(
    ...toldFirst(facts, "#"),
    `${facts.hostName} {`,
    `    request_body {`,
    `        max_size ${edgeBodyMb}MB`,
    "    }",
    `    reverse_proxy 127.0.0.1:${facts.port} {`,
    "        flush_interval -1",
    "    }",
    "}",
  );
}

/** A file for Traefik's file provider; the entry points `web` and `websecure` and the resolver are its static part. */
export function renderTraefik(facts: DeployFacts): string {
  const { hostName, port } = facts;
  return lines(
    ...toldFirst(facts, "#"),
    "http:",
    "  routers:",
    "    lorica:",
    `      rule: "Host(\`${hostName}\`)"`,
    "      entryPoints: [websecure]",
    "      middlewares: [lorica-pace, lorica-body]",
    "      service: lorica",
    "      tls:",
    "        certResolver: letsencrypt",
    "    lorica-plain:",
    `      rule: "Host(\`${hostName}\`)"`,
    "      entryPoints: [web]",
    "      middlewares: [lorica-https]",
    "      service: lorica",
    "  middlewares:",
    "    lorica-https:",
    "      redirectScheme: { scheme: https, permanent: true }",
    "    lorica-pace:",
    `      rateLimit: { average: ${limits.httpPerSecond}, burst: ${limits.httpBurst} }`,
    "    lorica-body:",
    `      buffering: { maxRequestBodyBytes: ${edgeBodyMb * 1_048_576} }`,
    "  services:",
    "    lorica:",
    "      loadBalancer:",
    "        servers:",
    `          - url: "http://127.0.0.1:${port}"`,
  );
}

export function lines(...all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
