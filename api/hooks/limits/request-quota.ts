import type { FastifyBaseLogger } from 'fastify';
import { now } from '../../../clock.js';
import { endOfMonth, monthOf, planOf } from '../../../domain/account/plan.js';
import { Failure } from '../../../domain/errors.js';
import type { RequestCounts } from '../../../store/quotas/request-counts.js';
import type { Api } from '../../api.js';
import type { Deps } from '../../wiring.js';
import { principalOf } from '../auth.js';

/** What a process has counted is written this often: so much may be lost by a kill, or go beyond a limit beside others. */
const WRITE_INTERVAL = 1_000;

interface Count {
  readonly account: number;
  readonly month: string;
  /** Not written yet. */
  unwritten: number;
  /** Over all processes, when it was written last; undefined before the first time. */
  total: number | undefined;
}

/**
 * Counts the requests of each account by the month, and refuses those of an account whose plan has none left. No request
 * waits for a write, except the first one of an account with a limit.
 */
export function countRequests(app: Api, { requestCounts, log }: Pick<Deps, 'requestCounts' | 'log'>): void {
  const counter = requestCounter(requestCounts, log);
  const timer = setInterval(() => void counter.write(), WRITE_INTERVAL).unref();
  app.addHook('preHandler', async (request, reply) => {
    const { accountStatus } = principalOf(request);
    const { requests_per_month: most } = planOf(accountStatus);
    const month = monthOf(now());
    if (most !== null && (await counter.used(accountStatus._id, month)) >= most) {
      reply.header('retry-after', String(Math.ceil((endOfMonth(month).getTime() - now().getTime()) / 1_000)));
      throw new Failure('request_quota_exceeded');
    }
    counter.count(accountStatus._id, month);
  });
  app.addHook('onClose', async () => {
    clearInterval(timer);
    await counter.write();
  });
}

function requestCounter(counts: RequestCounts, log: FastifyBaseLogger) {
  const pending = new Map<string, Count>();
  const countFor = (account: number, month: string): Count => {
    const key = `${account}:${month}`;
    const known = pending.get(key) ?? { account, month, unwritten: 0, total: undefined };
    pending.set(key, known);
    return known;
  };
  const writeOne = async (count: Count): Promise<void> => {
    const { account, month, unwritten } = count;
    count.unwritten = 0;
    try {
      count.total = await counts.add(account, month, unwritten);
    } catch (error) {
      count.unwritten += unwritten;
      log.warn({ err: error }, 'requests could not be counted; they are tried again');
    }
  };
  return {
    count: (account: number, month: string): void => {
      countFor(account, month).unwritten += 1;
    },

    used: async (account: number, month: string): Promise<number> => {
      const count = countFor(account, month);
      if (count.total === undefined) await writeOne(count);
      return (count.total ?? 0) + count.unwritten;
    },

    /** Writes what was counted, and forgets months that are over. */
    write: async (): Promise<void> => {
      const month = monthOf(now());
      for (const [key, count] of pending) {
        if (count.unwritten > 0) await writeOne(count);
        else if (count.month !== month) pending.delete(key);
      }
    },
  };
}
