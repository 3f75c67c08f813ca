// The methods on what waits for the owner.

export const approvalMethods = {} as const;
