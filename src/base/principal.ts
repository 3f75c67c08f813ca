// Who speaks. A principal is decided by the door a message came through, never by what the message says.

export type PrincipalKind = "owner" | "member" | "stranger" | "system";

export type Principal = {
  /** Stable: `owner`, or `<channel>:<account>:<sender id>`. */
  readonly id: string;
  readonly kind: PrincipalKind;
  /** The channel account the message reached, `default` where a door has only one. */
  readonly account: string;
};

export const owner: Principal = { id: "owner", kind: "owner", account: "default" };
