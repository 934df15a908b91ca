import { expect, test } from 'vitest';
import { type ApprovalResponse, needsApproval, newApproval, withResponse } from '../../../domain/campaign/approval.js';

const YES: ApprovalResponse = {
  decision: 'approved',
  launch: 2,
  revision: 3,
  letter: 'a hash',
  member: 4,
  comment: null,
  at: new Date('2026-05-15T09:00:00Z'),
};
const approval = withResponse(newApproval(72), YES);
const HOLDS = { approval, launch: 2, revision: 3, rendered: 'a hash' };

test.each([
  ['no approval is needed', { ...HOLDS, approval: null }, false],
  ['an approval is valid for its letter', HOLDS, false],
  ['for no other letter of the same text', { ...HOLDS, rendered: 'another' }, true],
  ['for no letter that is still to be rendered', { ...HOLDS, rendered: null }, true],
  ['for no other text', { ...HOLDS, revision: 4 }, true],
  ['for no other launch', { ...HOLDS, launch: 3 }, true],
  ['not a rejection', { ...HOLDS, approval: withResponse(approval, { ...YES, decision: 'rejected' }) }, true],
  ['not without a letter', { ...HOLDS, approval: withResponse(approval, { ...YES, letter: null }) }, true],
])('%s', (_claim, campaign, needed) => {
  expect(needsApproval(campaign)).toBe(needed);
});
