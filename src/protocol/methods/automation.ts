// The methods on what happens by itself.

export const automationMethods = {} as const;
