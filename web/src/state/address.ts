// What the page reads of its own address: a code that signs in, once, and which conversation is shown.

/**
 * The one-time code of `lorica dashboard`. It is taken out of the address at once, before anything else happens, so that
 * it stands in no history, bookmark or screenshot.
 */
export function takeCode(): string | undefined {
  const fragment = location.hash;
  if (fragment === "") return undefined;
  history.replaceState(null, "", location.pathname);
  return codeIn(fragment);
}

/** From a code, or from the whole link that has one. */
export function codeIn(text: string): string | undefined {
  const code = /#(?:.*&)?code=([^&\s]+)/.exec(text)?.[1] ?? text.trim();
  return /^[\w.~-]{16,512}$/.test(code) ? code : undefined;
}

export function basePath(): string {
  return document.documentElement.dataset["base"] ?? "";
}

/** The same origin, always: no address, setting or message can name another gateway. */
export function gatewayUrl(): string {
  const { protocol, host } = location;
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}${basePath()}/`;
}

export function shownSession(): string | undefined {
  const path = location.pathname.slice(basePath().length);
  const name = /^\/chat\/(.+)$/.exec(path)?.[1];
  if (name === undefined) return undefined;
  try {
    return decodeURIComponent(name);
  } catch (cause) {
    if (cause instanceof URIError) return undefined;
    throw cause;
  }
}

export function showSessionInAddress(key: string, how: "push" | "replace"): void {
  const path = `${basePath()}/chat/${encodeURIComponent(key)}`;
  if (location.pathname === path) return;
  if (how === "push") history.pushState(null, "", path);
  else history.replaceState(null, "", path);
}
