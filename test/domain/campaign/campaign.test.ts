import { expect, test } from 'vitest';
import {
  CAMPAIGN_STATES,
  CAMPAIGN_STATUSES,
  type CampaignAction,
  type CampaignState,
  LIVE_STATES,
  refusalOf,
  refusalSentence,
  statesOf,
  statusOf,
} from '../../../domain/campaign/campaign.js';

test.for<[CampaignState, boolean, string]>([
  ['draft', false, 'draft'],
  ['drafting', false, 'draft'],
  ['awaiting_approval', false, 'draft'],
  ['scheduled', false, 'scheduled'],
  ['freezing', false, 'sending'],
  ['sending', true, 'sending'],
  ['paused', true, 'sending'],
  ['cancelled', false, 'draft'],
  ['cancelled', true, 'sent'],
  ['sent', true, 'sent'],
  ['failed', false, 'failed'],
])('%s (some sent: %s) is shown as %s', ([state, anySent, status]) => {
  expect(statusOf(state, anySent)).toBe(status);
});

test('a filter by status finds every campaign that is shown under it', () => {
  for (const state of CAMPAIGN_STATES)
    for (const anySent of [false, true]) expect(statesOf(statusOf(state, anySent))).toContain(state);
  expect(new Set(CAMPAIGN_STATUSES.flatMap(statesOf))).toEqual(new Set(CAMPAIGN_STATES));
});

const ACTIONS = [
  'patch_content',
  'patch_settings',
  'delete',
  'send',
  'schedule',
  'pause',
  'resume',
  'cancel',
  'rate',
  'retry',
  'approve',
  'reject',
] as const satisfies readonly CampaignAction[];

/** Rows as in the table of states: a dash means allowed. */
const TABLE = `
  draft              - - - - - not_sending not_paused not_sending - not_sent not_awaiting_approval not_awaiting_approval
  awaiting_approval  - - - - - not_sending not_paused - - not_sent - -
  drafting           busy busy - busy busy not_sending not_paused - - not_sent not_awaiting_approval not_awaiting_approval
  scheduled          - - - - - not_sending not_paused - - not_sent not_awaiting_approval not_awaiting_approval
  freezing           not_editable - cannot_delete already_sending already_sending - - - - already_sending not_awaiting_approval not_awaiting_approval
  sending            not_editable - cannot_delete already_sending already_sending - - - - already_sending not_awaiting_approval not_awaiting_approval
  paused             not_editable - cannot_delete already_sending already_sending - - - - already_sending not_awaiting_approval not_awaiting_approval
  cancelled:unsent   - - - - - not_sending not_paused - - not_sent not_awaiting_approval not_awaiting_approval
  cancelled:sent     not_editable not_editable cannot_delete already_sent already_sent not_sending not_paused - not_sending - not_awaiting_approval not_awaiting_approval
  sent               not_editable not_editable cannot_delete already_sent already_sent not_sending not_paused already_sent not_sending - not_awaiting_approval not_awaiting_approval
  failed             not_editable not_editable cannot_delete already_sent already_sent not_sending not_paused already_sent not_sending - not_awaiting_approval not_awaiting_approval
`;

test.for(
  TABLE.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/)),
)('what may be asked: %s', ([who = '', ...cells]) => {
  const [state, some] = who.split(':') as [CampaignState, string?];
  const anySent = some === undefined ? state === 'sent' : some === 'sent';
  expect(ACTIONS.map((action) => refusalOf(action, state, anySent) ?? '-')).toEqual(cells);
});

test('exactly the live states have a workflow', () => {
  expect([...LIVE_STATES].sort()).toEqual([
    'awaiting_approval',
    'drafting',
    'freezing',
    'paused',
    'scheduled',
    'sending',
  ]);
});

test('a refusal to send a paused campaign names the way on, any other is the sentence of its code', () => {
  expect(refusalSentence('already_sending', 'paused')).toContain('resume it: POST /campaigns/{id}/resume');
  expect(refusalSentence('already_sending', 'sending')).toBe('The campaign is already being sent.');
  expect(refusalSentence('not_editable', 'paused')).toBe('The campaign can no longer be changed in this way.');
});
