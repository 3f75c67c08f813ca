// The owner's methods by area, one file each; their handlers come from the broker's sides.

export const areaMethods = {} as const;
