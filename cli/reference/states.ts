import {
  CAMPAIGN_STATES,
  type CampaignAction,
  type CampaignState,
  refusalOf,
  statusOf,
} from '../../domain/campaign/campaign.js';
import { CAMPAIGN_REASONS } from '../../domain/campaign/reasons.js';
import { WAITING_REASONS, type WaitingReason } from '../../domain/waiting/waiting.js';
import { code, type Page, page, table } from './page.js';

/** Every action and its request. */
const ACTIONS: Readonly<Record<CampaignAction, string>> = {
  patch_content: '`PATCH` content',
  patch_settings: '`PATCH` settings',
  delete: '`DELETE`',
  send: '`/send`',
  schedule: '`/schedule`',
  pause: '`/pause`',
  resume: '`/resume`',
  cancel: '`/cancel`',
  rate: '`/rate`',
  retry: '`/retry`',
  approve: '`/approve`',
  reject: '`/reject`',
};

interface Row {
  readonly name: string;
  readonly state: CampaignState;
  readonly anySent: boolean;
}

const ROWS: readonly Row[] = CAMPAIGN_STATES.flatMap((state): Row[] => {
  if (state !== 'cancelled') return [{ name: code(state), state, anySent: state === 'sent' || state === 'failed' }];
  return [
    { name: '`cancelled`, nothing sent', state, anySent: false },
    { name: '`cancelled`, some sent', state, anySent: true },
  ];
});

/** Which actions each state of a campaign allows. */
export function statesPage(): Page {
  const actions = Object.keys(ACTIONS) as CampaignAction[];
  const rows = ROWS.map(({ name, state, anySent }) => [
    name,
    code(statusOf(state, anySent)),
    ...actions.map((action) => cell(action, state, anySent)),
  ]);
  return page(
    'states',
    'domain/campaign/campaign.ts',
    'States of a campaign',
    [
      '`state` is the precise state, `status` one of five documented values. A dot means that the action is allowed; a code is',
      'the refusal (409, see [errors](errors.md)). The same table applies to the API and to updates in the Temporal UI.',
    ].join('\n'),
    table(['state', 'status', ...actions.map((action) => ACTIONS[action])], rows),
    NOTES,
    reasonsTable(),
    WAITING,
    waitingTable(),
  );
}

function cell(action: CampaignAction, state: CampaignState, anySent: boolean): string {
  const refusal = refusalOf(action, state, anySent);
  return refusal === undefined ? '·' : code(refusal);
}

const NOTES = `- \`/cancel\` turns a campaign that is scheduled, drafting or awaiting approval into a draft. For a freezing, sending or
  paused campaign it is final.
- \`/cancel\` of a cancelled campaign and \`/pause\` of a paused one change nothing and respond with 200.
- The response for a campaign has an \`ETag\`. If a \`PATCH\`, \`DELETE\` or action sends it as \`If-Match\` and the campaign has
  changed since, the response is 412 \`revision_mismatch\` and nothing changes.
- \`PATCH\` of \`scheduled_at\` needs a scheduled campaign. \`/schedule\` sets the send time; with \`null\` it unschedules.
- \`/retry\` opens a new round for failed or uncertain recipients. Until 15 minutes have passed since the close, the
  response is \`too_early\`.
- \`drafting\`: a model writes the text, see [drafts by AI](../guides/ai-drafts.md). \`awaiting_approval\`: a launched campaign waits
  for an approver. A change of the content asks the approvers again, also while the campaign is scheduled.

\`outcome\` says how a campaign ended; it is null before, and where there were no recipients:

| outcome | meaning |
| --- | --- |
| \`complete\` | each recipient was mailed, or skipped because they left |
| \`complete_with_failures\` | mails to some recipients failed |
| \`uncertain_left\` | it is not known whether some recipients got the mail |
| \`halted\` | the campaign was cancelled after mails were sent |

\`reason\` explains a state:`;

const WAITING = `A paused campaign continues after \`/resume\`.

## Waiting

A message, a campaign or an issue of a newsletter that does not move shows \`waiting: {reason, since, next_try, detail}\`; null where it
moves, has ended or is a draft. \`next_try\` is when it goes on, or is tried again, by itself; null: after a request, or the time is
not known. \`detail\` is a sentence, often with the last reply of the mail server. See [operating](../guides/operating.md#what-waits-and-for-what).`;

/** What may wait for it. */
const WAITING_WHERE: Readonly<Record<WaitingReason, string>> = {
  schedule: 'message, campaign',
  approval: 'campaign, issue',
  source: 'issue',
  retry: 'message, campaign',
  transport: 'message, campaign',
  rate: 'message, campaign',
  quota: 'campaign',
  queue: 'message, campaign',
  worker: 'all',
  paused: 'campaign',
};

function reasonsTable(): string {
  const rows = Object.entries(CAMPAIGN_REASONS).map(([reason, { meaning }]) => [code(reason), meaning]);
  return table(['reason', 'meaning'], rows);
}

function waitingTable(): string {
  const reasons = Object.keys(WAITING_REASONS) as WaitingReason[];
  const rows = reasons.map((reason) => [code(reason), WAITING_WHERE[reason], WAITING_REASONS[reason]]);
  return table(['reason', 'of', 'meaning'], rows);
}
