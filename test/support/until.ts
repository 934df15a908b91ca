import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../../clock.js';

/** Looks again until the condition holds; for what announces itself by no event, such as the end of a foreign process. */
export async function until(condition: () => Promise<boolean> | boolean, limitMs = 20_000): Promise<void> {
  const deadline = monotonic() + limitMs;
  while (!(await condition())) {
    if (monotonic() > deadline) throw new Error(`the condition did not hold within ${limitMs} ms`);
    await delay(25);
  }
}
