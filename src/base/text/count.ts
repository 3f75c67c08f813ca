// How many of something, in words: nothing is told as `1 files`.

export function renderCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
