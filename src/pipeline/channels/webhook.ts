// The doors through which platforms deliver by themselves: one path for each account that named an address.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { bounded } from "../../base/wait.ts";
import type { OpenChannel } from "../deliver.ts";
import type { WebhookTaker } from "../pipeline.ts";
import type { PipelineOptions } from "../settings.ts";

type Parts = Pick<PipelineOptions, "ports"> & { readonly open: ReadonlyMap<string, OpenChannel> };

export function webhookFor(path: string, { open, ports }: Parts): WebhookTaker | undefined {
  for (const [id, { channel }] of open) {
    const { webhook } = channel;
    const account = ports?.(id)
      ?.accounts()
      .find(({ webhookUrl }) => pathOf(webhookUrl) === path);
    if (webhook === undefined || account === undefined) continue;
    return async ({ headers, body }, signal) => {
      if (body.length > limits.channelWebhookMaxBytes)
        throw new LoricaError("too_large", `a delivery of more than ${limits.channelWebhookMaxBytes} bytes`);
      return webhook({ account: account.id, headers, body }, bounded(signal, limits.sendTimeoutMs));
    };
  }
  return undefined;
}

function pathOf(url: string | undefined): string | undefined {
  return url === undefined || !URL.canParse(url) ? undefined : new URL(url).pathname;
}
