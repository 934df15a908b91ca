import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../../clock.js';

const SHORTEST = 10;
/** Looking costs what those who are waited for could use. */
const LONGEST = 75;

/** Looks again until the condition holds; for what announces itself by no event, such as the end of a foreign process. */
export async function until(condition: () => Promise<boolean> | boolean, limitMs = 20_000): Promise<void> {
  const deadline = monotonic() + limitMs;
  for (let rest = SHORTEST; !(await condition()); rest = Math.min(rest * 1.5, LONGEST)) {
    if (monotonic() > deadline) throw new Error(`the condition did not hold within ${limitMs} ms`);
    await delay(rest);
  }
}
