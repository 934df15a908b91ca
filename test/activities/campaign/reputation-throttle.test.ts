import { expect, onTestFinished, test } from 'vitest';
import { throttledGuard } from '../../../activities/campaign/reputation.js';
import { useClock } from '../../../clock.js';

test('many reports at once cause one check at once and one at the end', async () => {
  // The clock does not advance between the reports.
  onTestFinished(useClock({ monotonic: () => 0 }));
  const checks: number[] = [];
  let checkedAgain = (): void => undefined;
  const again = new Promise<void>((resolve) => {
    checkedAgain = resolve;
  });
  const guard = throttledGuard(async (_, campaign) => {
    checks.push(campaign);
    if (checks.length === 3) checkedAgain();
  }, 10);
  for (let i = 0; i < 50; i++) await guard(1, 7);
  await guard(1, 8);
  expect(checks).toEqual([7, 8]);
  await again;
  expect(checks).toEqual([7, 8, 7]);
});
