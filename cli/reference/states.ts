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
      '`state` is the precise word, `status` the documented one of five. A code in a cell is the refusal (409, see',
      '[errors](errors.md)); a dot means that the action is allowed. The same table decides for the API and for updates',
      'in the Temporal UI.',
    ].join('\n'),
    table(['state', 'status', ...actions.map((action) => ACTIONS[action])], rows),
    NOTES,
  );
}

function cell(action: CampaignAction, state: CampaignState, anySent: boolean): string {
  const refusal = refusalOf(action, state, anySent);
  return refusal === undefined ? '·' : code(refusal);
}

const NOTES = `- \`/cancel\` of a scheduled, drafting or asking campaign leaves a draft. Of a freezing, sending or paused one it is final.
- \`/cancel\` of a cancelled campaign and \`/pause\` of a paused one change nothing and answer 200.
- A campaign's answer has an \`ETag\`. Sent back as \`If-Match\` with a \`PATCH\`, \`DELETE\` or action, it changes nothing where
  somebody else has since: 412 \`revision_mismatch\`.
- \`PATCH\` of \`scheduled_at\` needs a scheduled campaign; \`/schedule\` schedules and, with \`null\`, takes off.
- \`/retry\` opens a new round for failed or uncertain recipients; \`too_early\` until the closing is old enough
  (\`RETRY_AFTER_CLOSE_MINUTES\`).
- \`drafting\`: a model writes the text; see [drafts by AI](../guides/ai-drafts.md). \`awaiting_approval\`: a launched
  campaign waits for an approver; a change of the text asks anew, also while it is scheduled.
- \`reason\` says why: \`cancelled\`, \`ai_failed\` (no draft could be written), \`rejected\`, \`approval_expired\`, \`content_blocked\` (the check at the launch found errors; mend brand or template and resume, or cancel), \`engine_stopped\` (an operator terminated the workflow), \`transport_unavailable\` (the
  mail server cannot be reached; sending goes on when it can), \`bad_signing_key\` (a DKIM key of the sender's domain does not
  work, or another one is published), \`domain_not_verified\` (\`REQUIRE_VERIFIED_DOMAINS\`), \`complaint_rate\` or \`bounce_rate\` (too many complaints or hard bounces), \`auth_failure\` or
  \`invalid_sender\` (the mail server refuses whatever comes from this sender); after the last six \`/resume\` goes on.`;
