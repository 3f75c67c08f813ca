// The gateway's side of looking at texts: it asks the broker, which knows the values. Where the broker cannot be asked
// nothing goes on.
import type { Link } from "../../broker/client.ts";
import type { HoldDesk } from "../../pipeline/pipeline.ts";
import type { Answer, Inspector, StreamAnswer } from "../../dlp/dlp.ts";

export function createInspectorClient(link: Link): Inspector {
  return {
    async inspect(question, signal) {
      if (question.texts.every((text) => text === "")) return { verdict: "pass", texts: question.texts, reason: "" };
      return (await link.call({ method: "dlp.inspect", params: question }, signal)).result as Answer;
    },
    async inspectStream(question, signal) {
      return (await link.call({ method: "dlp.stream", params: question }, signal)).result as StreamAnswer;
    },
  };
}

export function createHoldDesk(link: Link): HoldDesk {
  return {
    async decided(signal) {
      const { result } = await link.call({ method: "dlp.decided", params: {} }, signal);
      return (result as { readonly decided: Awaited<ReturnType<HoldDesk["decided"]>> }).decided;
    },
    async settled(end, signal) {
      await link.call({ method: "dlp.settled", params: end }, signal);
    },
  };
}
