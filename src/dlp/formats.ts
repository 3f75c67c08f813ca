// catalogue
// What credentials of well-known makers look like. Each pattern is linear: a fixed beginning, then one run of one class
// of characters, so that no text can make it slow (LOG-010).

export const credentialFormats: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["anthropic", /\bsk-ant-[\w-]{16,256}/g],
  ["openai", /\bsk-(?:proj-|svcacct-|or-v1-)?[\w-]{20,256}/g],
  ["google", /\bAIza[\w-]{30,64}/g],
  ["xai", /\bxai-[\w-]{20,256}/g],
  ["perplexity", /\bpplx-[\w-]{20,256}/g],
  ["groq", /\bgsk_\w{20,256}/g],
  ["huggingface", /\bhf_\w{20,256}/g],
  ["github", /\b(?:gh[opsur]_\w{30,255}|github_pat_\w{30,255})/g],
  ["gitlab", /\bglpat-[\w-]{16,64}/g],
  ["npm", /\bnpm_\w{30,64}/g],
  ["slack", /\bxox[abeprs]-[\w-]{10,255}/g],
  ["telegram", /\b\d{8,10}:AA[\w-]{30,40}/g],
  ["aws", /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g],
  ["stripe", /\b[rs]k_live_\w{16,255}/g],
  ["jwt", /\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000}/g],
  ["bearer", /\b[Bb]earer [\w.~+/=-]{16,4096}/g],
  ["private key", /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[^-]{0,16384}(?:-----END [A-Z ]{0,32}PRIVATE KEY-----)?/g],
  ["password in a URL", /(?<=:\/\/[^\s/:@"]{0,128}:)[^\s/:@"]{3,256}(?=@)/g],
];
