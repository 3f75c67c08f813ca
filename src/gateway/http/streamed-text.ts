// Turns a run's cumulative text, which may be replaced when an attempt fails half-way, into pieces for clients that can
// only append. What was sent cannot be taken back, so a replacement that differs starts a new paragraph.

export type StreamedText = {
  /** What to append now that the current answer reads `text`. */
  follow(text: string): string;
  /** A tool ran: what comes next is a new answer. */
  endAnswer(): void;
  /** What is still missing once the run has ended with `text`. */
  finish(text: string): string;
};

const paragraph = "\n\n";

export function createStreamedText(): StreamedText {
  let shown = "";
  let everything = "";
  let before = false;

  function follow(text: string): string {
    // A retry that is still saying what the failed attempt said: nothing to add until it gets further.
    if (shown.startsWith(text)) return "";
    if (shown !== "" && !text.startsWith(shown)) endAnswer();
    const separator = shown === "" && before ? paragraph : "";
    const piece = separator + text.slice(shown.length);
    shown = text;
    everything += piece;
    return piece;
  }

  function endAnswer(): void {
    before ||= shown !== "";
    shown = "";
  }

  return {
    follow,
    endAnswer,
    finish(text) {
      const wanted = text.trim();
      return wanted === shown.trim() || wanted === everything.trim() ? "" : follow(text);
    },
  };
}
