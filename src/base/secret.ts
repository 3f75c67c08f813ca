// The name of a secret. Only the broker ever holds the value behind it; everywhere else this is all there is.

/** Prints as its name, so that it may appear in config, logs and errors. */
export type SecretRef = { readonly secret: string };

/** Takes the place of a secret wherever config is shown (CFG-025). */
export const redactedLiteral = "__OPENCLAW_REDACTED__";

export function isSecretRef(value: unknown): value is SecretRef {
  return typeof value === "object" && value !== null && "secret" in value && typeof value.secret === "string";
}
