import {
  CAMPAIGN_STATES,
  type CampaignAction,
  type CampaignState,
  refusalOf,
  statusOf,
} from '../../domain/campaign/campaign.js';
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

\`reason\` explains a state:

| reason | meaning |
| --- | --- |
| \`cancelled\` | a caller or an operator cancelled the campaign |
| \`ai_failed\` | the model wrote no usable draft |
| \`rejected\`, \`approval_expired\` | an approver rejected the campaign, or none answered in time |
| \`content_blocked\` | the content check at the launch found errors; correct the brand or the template and resume, or cancel |
| \`template_not_published\` | the campaign names a template without a published version; publish it and resume, or cancel |
| \`quota_exceeded\` | the plan has too few mails left this month |
| \`account_suspended\`, \`account_closed\` | the account may not send |
| \`engine_stopped\` | an operator terminated the workflow |
| \`transport_unavailable\` | the mail server cannot be reached; sending continues by itself when it can |
| \`server_quota_exceeded\`, \`server_full\`, \`server_rate_limited\` | the mail server refuses all mail for a time; sending continues by itself at the time that the server names, or after a growing wait |
| \`bad_signing_key\` | a DKIM key of the sender's domain does not work, or another key is published |
| \`domain_not_verified\` | \`REQUIRE_VERIFIED_DOMAINS\` is on and the sender's domain is not verified |
| \`complaint_rate\`, \`bounce_rate\` | too many complaints or hard bounces |
| \`auth_failure\`, \`invalid_sender\` | the mail server refuses this sender |

A paused campaign continues after \`/resume\`.`;
