// The methods on nodes, and those that nodes call.

export const nodeMethods = {} as const;
