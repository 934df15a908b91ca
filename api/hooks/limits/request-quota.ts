import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { now } from '../../../clock.js';
import { monthOf, planOf } from '../../../domain/account/plan.js';
import { Failure } from '../../../domain/errors.js';
import type { RequestCounts } from '../../../store/quotas/usage.js';
import type { Api } from '../../api.js';
import type { Deps } from '../../wiring.js';
import { principalOf } from '../auth.js';
import { isCutOff } from './store-outage.js';

/** Milliseconds between writes of the counts: a kill may lose as much. */
const WRITE_INTERVAL = 1_000;

interface Count {
  readonly account: number;
  readonly month: string;
}

interface Counted extends Count {
  readonly hasLimit: boolean;
}

/** The requests of each account in a month, for all routes of this process. */
export type RequestCounter = ReturnType<typeof requestCounter>;

/** Counts for native and dialect routes alike: the counts of one account are never split. */
export function countRequestsOf(app: Api, { requestCounts, log }: Pick<Deps, 'requestCounts' | 'log'>): RequestCounter {
  const counter = requestCounter(requestCounts, log);
  const timer = setInterval(() => void counter.write(), WRITE_INTERVAL).unref();
  app.addHook('onClose', async () => {
    clearInterval(timer);
    await counter.write();
  });
  return counter;
}

/**
 * Counts the requests of each account per month and refuses those beyond the plan's limit. Only the requests of accounts
 * with a limit wait for a write. A request that is refused, for whatever reason, does not count.
 */
export function limitMonth(app: Api, counter: RequestCounter): void {
  const counted = new WeakMap<FastifyRequest, Counted>();
  app.addHook('preHandler', async (request) => {
    const { accountStatus } = principalOf(request);
    const { requests_per_month: most } = planOf(accountStatus);
    const count = { account: accountStatus._id, month: monthOf(now()) };
    if (most === null) counter.add(count, 1);
    else if (!(await counter.take(count, most))) throw new Failure('request_quota_exceeded');
    counted.set(request, { ...count, hasLimit: most !== null });
  });
  app.addHook('onSend', async (request, reply) => {
    const count = counted.get(request);
    if (count === undefined || reply.statusCode < 400) return;
    counted.delete(request);
    await counter.giveBack(count, count.hasLimit && !isCutOff(request));
  });
}

function requestCounter(counts: RequestCounts, log: FastifyBaseLogger) {
  const pending = new Map<string, Count & { n: number }>();
  const add = ({ account, month }: Count, n: number): void => {
    const key = `${account}:${month}`;
    const known = pending.get(key) ?? { account, month, n: 0 };
    known.n += n;
    pending.set(key, known);
  };
  const writeOne = async ({ account, month }: Count): Promise<void> => {
    const key = `${account}:${month}`;
    const { n = 0 } = pending.get(key) ?? {};
    pending.delete(key);
    if (n === 0) return;
    try {
      await counts.add(account, month, n);
    } catch (error) {
      add({ account, month }, n);
      log.warn({ err: error }, 'request counts could not be written; the next write includes them');
    }
  };
  return {
    add,

    /** Counts a request of an account with a limit; false if the month has as many. */
    take: async (count: Count, most: number): Promise<boolean> => {
      // The limit may be newer than the requests that this process has counted.
      await writeOne(count);
      return counts.take(count.account, count.month, most);
    },

    /** The next request of an account with a limit must find this one given back. */
    giveBack: async (count: Count, hasLimit: boolean): Promise<void> => {
      add(count, -1);
      if (hasLimit) await writeOne(count);
    },

    write: async (): Promise<void> => {
      for (const count of [...pending.values()]) await writeOne(count);
    },
  };
}
