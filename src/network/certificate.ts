// The certificate that the listener shows: whether it and its key belong together, and for how long it is good.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

/** As PEM, the certificate with those that lead to its authority. */
export type TlsPair = { readonly cert: string; readonly key: string };

export type CertificateInfo = {
  /** SHA-256, as `openssl x509 -fingerprint` writes it. */
  readonly fingerprint: string;
  readonly expiresAt: number;
};

/** Whoever has this many days left renews now: authorities hand out new ones for the last thirty. */
export const certificateWarnDays = 21;

const dayMs = 86_400_000;

export function inspectCertificate(pair: TlsPair, now: number): Parsed<CertificateInfo> {
  try {
    const certificate = new X509Certificate(pair.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) return rejected("the key is not this certificate's");
    const expiresAt = Date.parse(certificate.validTo);
    if (expiresAt <= now) return rejected(`the certificate has expired on ${certificate.validTo}; renew it`);
    if (Date.parse(certificate.validFrom) > now)
      return rejected(`the certificate is not valid before ${certificate.validFrom}`);
    return parsed({ fingerprint: certificate.fingerprint256, expiresAt });
  } catch (cause) {
    // What OpenSSL says of a key may quote it.
    if (cause instanceof Error) return rejected("it is not a certificate and its unencrypted key, both as PEM");
    throw cause;
  }
}

/** Undefined while there is time. */
export function expiryWarning({ expiresAt }: CertificateInfo, now: number): string | undefined {
  const days = Math.floor((expiresAt - now) / dayMs);
  if (days >= certificateWarnDays) return undefined;
  return `the TLS certificate expires in ${days} ${days === 1 ? "day" : "days"}; renew it, and it is taken up by itself`;
}
