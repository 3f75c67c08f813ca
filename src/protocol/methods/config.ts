// The methods on the configuration, for clients that come over the network.

export const configMethods = {} as const;
