// A connection whose methods have types: the table that both ends share says what each takes and answers.
import type { MethodName, ParamsOf, ResultOf } from "../protocol/methods.ts";
import type { Connection, RequestOptions } from "./connection.ts";

export type GatewayClient = Pick<Connection, "listen" | "close" | "isOwn"> & {
  call<M extends MethodName>(
    method: M,
    params: ParamsOf<M>,
    options?: RequestOptions & { readonly signal?: AbortSignal },
  ): Promise<ResultOf<M>>;
};

export function typed(connection: Connection, signal: AbortSignal): GatewayClient {
  return {
    listen: connection.listen,
    close: connection.close,
    isOwn: connection.isOwn,
    call: async (method, params, options = {}) =>
      // The table that both ends share says what comes back.
      (await connection.request(method, params, options.signal ?? signal, options)) as never,
  };
}
