import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';

/** Maximum tries of a start that reached Temporal: further retries would only hide the error. */
const MAX_TRIES = 10;
const BETWEEN_TRIES = 1_000;

/** Retries a start every second while Temporal is not up or answers too late; throws the error of the last try. */
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
      log.warn({ what, tries, error: String(error) }, 'Temporal did not accept the request; it is retried');
      await delay(BETWEEN_TRIES);
    }
  }
}
