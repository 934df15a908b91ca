import { expect, test } from 'vitest';
import { outcomeOf } from '../../../domain/campaign/campaign.js';

const totals = (over: object = {}) => ({ recipients: 3, failed: 0, uncertain: 0, anySent: true, ...over });

test.each([
  ['sent', {}, 'complete'],
  ['sent', { failed: 1 }, 'complete_with_failures'],
  ['sent', { uncertain: 1 }, 'uncertain_left'],
  ['sent', { uncertain: 1, failed: 1 }, 'uncertain_left'],
  ['failed', { failed: 3 }, 'complete_with_failures'],
  ['failed', { uncertain: 3 }, 'uncertain_left'],
  ['failed', { recipients: 0, anySent: false }, null],
  ['cancelled', {}, 'halted'],
  ['cancelled', { failed: 1, uncertain: 1 }, 'halted'],
  ['cancelled', { anySent: false }, null],
  ['sending', { failed: 1 }, null],
  ['paused', { uncertain: 1 }, null],
  ['draft', { recipients: 0, anySent: false }, null],
] as const)('a campaign in state %s with %j has the outcome %s', (state, over, outcome) => {
  expect(outcomeOf(state, totals(over))).toBe(outcome);
});
