// The methods on channels and the people who write to them.

export const channelMethods = {} as const;
