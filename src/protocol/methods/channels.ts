// catalogue
// The methods on channels and the people who write to them.
import { z } from "zod";
import type * as shapes from "../shapes/channels.ts";
import { admin, method, name, none, read } from "./kit.ts";

const pairing = "operator.pairing";
const place = { channel: name, accountId: name };

export const channelMethods = {
  "channels.status": method<shapes.ChannelsStatusResult>()({
    summary: "Each channel and its accounts: whether it is connected, and what went wrong.",
    scope: read,
    params: z.strictObject({
      probe: z.boolean().optional(),
      timeoutMs: z.int().min(0).optional(),
      channel: name.optional(),
    }),
  }),
  "channels.start": method<shapes.ChannelsHoldResult>()({
    summary: "Lets a channel that was stopped by hand run again.",
    scope: admin,
    writeLimited: true,
    params: z.strictObject({ channel: name, accountId: name.optional() }),
  }),
  "channels.stop": method<shapes.ChannelsHoldResult>()({
    summary: "Stops a channel until it is started again, or the gateway is.",
    scope: admin,
    writeLimited: true,
    params: z.strictObject({ channel: name, accountId: name.optional() }),
  }),
  "channels.pairing.list": method<shapes.SenderRequestsResult>()({
    summary: "The people who wrote and wait for the owner's yes. No code is in it.",
    scope: pairing,
    params: z.strictObject({ channel: name.optional(), accountId: name.optional() }),
  }),
  "channels.pairing.approve": method<shapes.SenderApprovedResult>()({
    summary: "Lets somebody in: by their request, or by the code that they were told.",
    scope: (params) => (params.bootstrapCommandOwner === true ? admin : pairing),
    scopeNote: "operator.admin where it makes an owner",
    params: z.strictObject({
      channel: name,
      accountId: name.optional(),
      requestId: name.optional(),
      code: z.string().min(1).max(64).optional(),
      notify: z.boolean().optional(),
      bootstrapCommandOwner: z.boolean().optional(),
    }),
  }),
  "channels.pairing.dismiss": method<shapes.SenderDismissedResult>()({
    summary: "Takes a request away. Whoever made it may ask again.",
    scope: pairing,
    params: z.strictObject({ ...place, requestId: name }),
  }),
  "channels.pairing.approved": method<shapes.SendersResult>()({
    summary: "The people who have been let in, by whom and when.",
    scope: pairing,
    params: none,
  }),
  "channels.pairing.revoke": method<shapes.SenderRevokedResult>()({
    summary: "Sends somebody away again: nothing of theirs is answered any more.",
    scope: pairing,
    params: z.strictObject({ ...place, senderId: name }),
  }),
} as const;
