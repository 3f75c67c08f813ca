// Pages that only explain: no script, nothing of the request in them, so that they are safe to show to anybody.

export type PlainPage = { readonly status: number; readonly title: string; readonly body: string };

const signIn = `<p>On the machine that runs Lorica, this prints a link that signs this browser in:</p>
<pre><code>lorica dashboard</code></pre>`;

const tunnel = `<pre><code>ssh -N -L 18789:127.0.0.1:18789 user@host</code></pre>`;

export const tokenInAddress: PlainPage = {
  status: 400,
  title: "Nobody signs in with a token in the address",
  body: `<p>Addresses are kept in histories and logs, so a token in one would not stay secret. This one was not looked at.
If it was your gateway’s real token, make a new one: <code>lorica token rotate</code>.</p>
${signIn}`,
};

export const notSecure: PlainPage = {
  status: 403,
  title: "This connection is not encrypted",
  body: `<p>From another machine, this page is served over HTTPS only: without it, everybody in between could read along
and act as you. Any of these works:</p>
<ul>
<li>a tunnel from your computer, then <code>http://127.0.0.1:18789/</code>:${tunnel}</li>
<li>Tailscale: <code>lorica gateway run --tailscale serve</code></li>
<li>a certificate of your own: <code>gateway.tls</code> in the configuration, or a proxy in front that has one</li>
</ul>
${signIn}`,
};

export const notBuilt: PlainPage = {
  status: 503,
  title: "The page is not built",
  body: `<p>Lorica runs, and everything but this page works. In the folder that holds Lorica, this builds the page:</p>
<pre><code>node tools/build-web.ts</code></pre>
<p>Then restart the gateway: <code>lorica gateway restart</code>.</p>`,
};

export function renderPlain({ title, body }: PlainPage, basePath: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} – Lorica</title>
<link rel="icon" href="${basePath}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${basePath}/plain.css">
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
}
