import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';

/** A start that was answered once is not put off for ever: what fails so often is a failure. */
const MAX_TRIES = 10;
const BETWEEN_TRIES = 1_000;

/** A start asks again, a second later, where Temporal is not up yet or answered too late; throws what the last try threw. */
export async function withRetries<T>(
  what: string,
  attempt: () => Promise<T>,
  log: Pick<Logger, 'warn'>,
  maxTries = MAX_TRIES,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === maxTries) throw error;
      log.warn({ what, tries, error: String(error) }, 'Temporal did not take it; it is asked again');
      await delay(BETWEEN_TRIES);
    }
  }
}
