// The methods on devices: who may connect, and with which token.

export const deviceMethods = {} as const;
