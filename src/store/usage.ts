// The ledger of model calls: what each cost, whose it was, and why it was made.
import type { Ground } from "./rows.ts";
import type { UsageLedger, UsageRow, UsageTotal } from "./store.ts";

type TotalRow = {
  readonly provider: string;
  readonly model: string;
  readonly calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
  readonly cost_micros: number | null;
  readonly estimated: number;
};

// One call of unknown price makes the price of the whole unknown: a sum that leaves it out would look like the truth.
const totals = `
  SELECT provider, model, count(*) AS calls, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
         sum(cache_read_tokens) AS cache_read_tokens, sum(cache_write_tokens) AS cache_write_tokens,
         CASE WHEN count(cost_micros) = count(*) THEN sum(cost_micros) END AS cost_micros, max(estimated) AS estimated
  FROM usage`;

/** Writing what calls cost inside somebody else's transaction. */
export type Ledger = { add(rows: readonly UsageRow[]): void };

export function createLedger({ database, epoch }: Ground): Ledger {
  const insert = database.query(`
    INSERT INTO usage (turn_id, session_key, agent_id, principal, account, provider, model, trigger, input_tokens,
                       output_tokens, cache_read_tokens, cache_write_tokens, cost_micros, estimated, epoch, at)
    VALUES (:turnId, :sessionKey, :agentId, (SELECT principal FROM turns WHERE id = :turnId),
            (SELECT account FROM turns WHERE id = :turnId), :provider, :model, :trigger, :inputTokens, :outputTokens,
            :cacheReadTokens, :cacheWriteTokens, :costMicros, :estimated, :epoch, :at)`);
  return {
    add(rows) {
      for (const row of rows) insert.run(columnsOf(row, epoch));
    },
  };
}

export function createUsage({ database }: Ground, ledger: Ledger): UsageLedger {
  const totalsOfAll = database.query<TotalRow>(
    `${totals} WHERE at >= :since GROUP BY provider, model ORDER BY provider, model`,
  );
  const totalsOfSession = database.query<TotalRow>(
    `${totals} WHERE session_key = :key AND at >= :since GROUP BY provider, model ORDER BY provider, model`,
  );
  return {
    add: (row) => database.write(() => ledger.add([row]), "ordered"),
    totals: (since, key) =>
      database.read(() => {
        const rows = key === undefined ? totalsOfAll.all({ since }) : totalsOfSession.all({ since, key });
        return rows.map(toTotal);
      }),
  };
}

function columnsOf(row: UsageRow, epoch: number) {
  return {
    turnId: row.turnId,
    sessionKey: row.sessionKey,
    agentId: row.agentId,
    provider: row.provider,
    model: row.model,
    trigger: row.trigger,
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    cacheReadTokens: row.cacheReadTokens,
    cacheWriteTokens: row.cacheWriteTokens,
    costMicros: row.costMicros,
    estimated: row.estimated ? 1 : 0,
    epoch,
    at: row.at,
  };
}

function toTotal(row: TotalRow): UsageTotal {
  return {
    provider: row.provider,
    model: row.model,
    calls: row.calls,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    costMicros: row.cost_micros,
    estimated: row.estimated === 1,
  };
}
