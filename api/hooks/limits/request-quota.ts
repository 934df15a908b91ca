import type { FastifyBaseLogger } from 'fastify';
import { now } from '../../../clock.js';
import { endOfMonth, monthOf, planOf } from '../../../domain/account/plan.js';
import { Failure } from '../../../domain/errors.js';
import type { RequestCounts } from '../../../store/quotas/usage.js';
import type { Api } from '../../api.js';
import type { Deps } from '../../wiring.js';
import { principalOf } from '../auth.js';

/** Milliseconds between writes of the counts: a kill may lose, and other processes may overrun, as much. */
const WRITE_INTERVAL = 1_000;

interface Count {
  readonly account: number;
  readonly month: string;
  /** Counted since the last write. */
  unwritten: number;
  /** The count of all processes as of the last write; undefined before the first write. */
  total: number | undefined;
}

/**
 * Counts the requests of each account per month and refuses those beyond the plan's limit. Requests do not wait for a
 * write, except the first one of an account with a limit.
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
      log.warn({ err: error }, 'request counts could not be written; the next write includes them');
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

    /** Writes the counts and forgets past months. */
    write: async (): Promise<void> => {
      const month = monthOf(now());
      for (const [key, count] of pending) {
        if (count.unwritten > 0) await writeOne(count);
        else if (count.month !== month) pending.delete(key);
      }
    },
  };
}
