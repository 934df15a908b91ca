import { expect, onTestFinished, test } from 'vitest';
import { throttledGuard } from '../../../activities/campaign/reputation.js';
import { useClock } from '../../../clock.js';

test('a flood of reports costs a look at once and one more at its end', async () => {
  // However long the flood takes, no time passes in it.
  onTestFinished(useClock({ monotonic: () => 0 }));
  const looks: number[] = [];
  let told = (): void => undefined;
  const again = new Promise<void>((resolve) => {
    told = resolve;
  });
  const guard = throttledGuard(async (_, campaign) => {
    looks.push(campaign);
    if (looks.length === 3) told();
  }, 10);
  for (let i = 0; i < 50; i++) await guard(1, 7);
  await guard(1, 8);
  expect(looks).toEqual([7, 8]);
  await again;
  expect(looks).toEqual([7, 8, 7]);
});
