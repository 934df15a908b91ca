import type { FastifyBaseLogger } from 'fastify';
import { now } from '../clock.js';
import { Failure } from '../domain/errors.js';
import { endOfMonth, monthOf, planOf } from '../domain/plan.js';
import type { RequestCounts } from '../store/quota/requests.js';
import type { Api } from './app.js';
import { principalOf } from './auth.js';
import type { Deps } from './deps.js';

/** What a process has counted is written this often: so much may be lost by a kill, or go beyond a limit beside others. */
const WRITTEN_EVERY = 1_000;

interface Count {
  readonly account: number;
  readonly month: string;
  /** Not written yet. */
  fresh: number;
  /** Over all processes, when it was written last; undefined before the first time. */
  total: number | undefined;
}

/**
 * Counts the requests of each account by the month, and refuses those of an account whose plan has none left. No request
 * waits for a write, except the first one of an account with a limit.
 */
export function countRequests(app: Api, { requestCounts, log }: Pick<Deps, 'requestCounts' | 'log'>): void {
  const tally = requestTally(requestCounts, log);
  const timer = setInterval(() => void tally.write(), WRITTEN_EVERY).unref();
  app.addHook('preHandler', async (request, reply) => {
    const { standing } = principalOf(request);
    const { requests_per_month: most } = planOf(standing);
    const month = monthOf(now());
    if (most !== null && (await tally.soFar(standing._id, month)) >= most) {
      reply.header('retry-after', String(Math.ceil((endOfMonth(month).getTime() - now().getTime()) / 1_000)));
      throw new Failure('request_quota_exceeded');
    }
    tally.count(standing._id, month);
  });
  app.addHook('onClose', async () => {
    clearInterval(timer);
    await tally.write();
  });
}

function requestTally(counts: RequestCounts, log: FastifyBaseLogger) {
  const open = new Map<string, Count>();
  const of = (account: number, month: string): Count => {
    const key = `${account}:${month}`;
    const known = open.get(key) ?? { account, month, fresh: 0, total: undefined };
    open.set(key, known);
    return known;
  };
  const writeOne = async (count: Count): Promise<void> => {
    const { account, month, fresh } = count;
    count.fresh = 0;
    try {
      count.total = await counts.add(account, month, fresh);
    } catch (error) {
      count.fresh += fresh;
      log.warn({ err: error }, 'requests could not be counted; they are tried again');
    }
  };
  return {
    count: (account: number, month: string): void => {
      of(account, month).fresh += 1;
    },

    soFar: async (account: number, month: string): Promise<number> => {
      const count = of(account, month);
      if (count.total === undefined) await writeOne(count);
      return (count.total ?? 0) + count.fresh;
    },

    /** Writes what was counted, and forgets months that are over. */
    write: async (): Promise<void> => {
      const month = monthOf(now());
      for (const [key, count] of open) {
        if (count.fresh > 0) await writeOne(count);
        else if (count.month !== month) open.delete(key);
      }
    },
  };
}
