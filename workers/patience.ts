import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';

const TRIES = 10;
const BETWEEN_TRIES = 1_000;

/** A start asks again, a second later, where a busy Temporal answered too late; what fails ten times is a failure. */
export async function patiently<T>(what: string, ask: () => Promise<T>, log: Pick<Logger, 'warn'>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === TRIES) throw error;
      log.warn({ what, tries, error: String(error) }, 'Temporal did not take it; it is asked again');
      await delay(BETWEEN_TRIES);
    }
  }
}
