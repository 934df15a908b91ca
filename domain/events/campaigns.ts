import { ENTRY, type EventKind, reported, VISIT, visit } from './event-kind.js';

const STATE_CHANGE = 'campaign:<campaign>:v<want.v>:<state>';
const STEERING = 'services/steer-campaign.ts';

const steered = (state: string, when: string): EventKind => ({
  type: `campaign.${state}`,
  when,
  id: STATE_CHANGE,
  data: '–',
  by: 'activities/campaign/plan.ts',
});
const paused = (when: string, by: string, data = 'reason, detail'): EventKind => ({
  ...steered('paused', when),
  data,
  by,
});
const ended = (state: string, when: string): EventKind => ({
  ...steered(state, when),
  data: 'subject, emails_sent',
  by: 'activities/campaign/close.ts',
});
const hold = (what: string, when: string, data: string): EventKind => ({
  type: `campaign.${what}`,
  when,
  id: 'campaign:<campaign>:<launch>:<beginning of the hold>:<what>',
  data,
  by: 'activities/campaign/holds/hold.ts',
});
const draft = (state: string, when: string): EventKind => ({
  type: `draft.${state}`,
  when,
  id: 'draft:<campaign>:<n>',
  data: 'draft, reason',
  by: 'activities/draft/draft.ts',
});
const issue = (what: string, when: string, more = ''): EventKind => ({
  type: `newsletter.issue_${what}`,
  when,
  id: `issue:<issue>:${what}`,
  data: `issue, newsletter, scheduled_at${more}`,
  by: 'activities/newsletter/issue.ts',
});

/** Events of campaigns, of their drafts and of the newsletters that create them. */
export const CAMPAIGN_EVENTS: readonly EventKind[] = [
  steered('draft', 'a scheduled campaign was unscheduled, or its approval was refused or expired'),
  steered('awaiting_approval', 'approvers were asked for approval, for the first time or for a changed text'),
  steered('scheduled', 'it waits for its send time, or the send time changed'),
  steered('freezing', 'it was launched and its audience is being frozen'),
  steered('sending', 'it is being sent, was resumed, or its rate changed'),
  steered('paused', 'it was paused'),
  paused(
    'it must not be sent: `content_blocked`, `template_not_published`, `quota_exceeded`, `account_suspended` or `account_closed`',
    'activities/campaign/plan.ts',
    'reason',
  ),
  paused('an operator terminated its workflow: `engine_stopped`', 'activities/sweep/sweep.ts', 'reason'),
  paused('its sender domain cannot be signed or verified: `bad_signing_key` or `domain_not_verified`', STEERING),
  paused('the mail server refuses its sender: `auth_failure` or `invalid_sender`', STEERING),
  paused(
    'too many complaints or hard bounces, `complaint_rate` or `bounce_rate`, or recipients for whom the letter cannot be rendered, `content_blocked`',
    STEERING,
    'reason, accepted, hard, complaints, unrendered, detail',
  ),
  paused('the database was restored from a backup: `restored`', STEERING),
  hold('held', 'it makes no progress and goes on by itself; once for each hold', 'reason, detail'),
  hold('resumed', 'the first mail after a hold was accepted or refused for its recipient', 'reason, since'),
  steered('cancelled', 'it was cancelled'),
  ended('sent', 'every recipient has a final state and at least one mail was accepted'),
  ended('failed', 'every recipient has a final state and no mail was accepted'),
  draft('ready', 'a model has written a text for a campaign'),
  draft('failed', 'the model wrote no usable text; `reason` says why'),
  issue('begun', 'an issue of a newsletter is being prepared', ', kind'),
  issue('late', 'it began late, but within the catch-up window'),
  issue('launched', 'it is written and approved; its campaign was launched'),
  issue('skipped', 'it is not sent; `reason` says why', ', reason, detail'),
  issue('sent', 'its campaign was sent', ', late, seconds_behind'),
  issue('failed', 'its campaign failed or was cancelled', ', late, seconds_behind'),
];

const exception = (kind: string, when: string): EventKind => ({
  type: `recipient.${kind}`,
  when,
  id: ENTRY,
  data: 'class, code, reply',
  by: 'activities/campaign/publishing.ts',
});
const ofClosing = (kind: string, when: string, cause: string): EventKind => ({
  type: `recipient.${kind}`,
  when,
  id: `${ENTRY}:${cause}`,
  data: 'class, reply',
  by: 'activities/campaign/close.ts',
});
const late = (kind: string, when: string): EventKind => ({
  type: `recipient.${kind}`,
  when: `late evidence: ${when}`,
  id: `${ENTRY}:late`,
  data: 'class, code',
  by: 'services/evidence.ts',
});

export const RECIPIENT_EVENTS: readonly EventKind[] = [
  exception('failed', 'the mail was refused permanently or could not be rendered'),
  exception('skipped', 'the recipient was left out on purpose'),
  exception('deferred', 'the mail was refused temporarily, or never handed over'),
  exception('uncertain', 'it is not known whether the mail arrived'),
  ofClosing('failed', 'a deferred recipient ran out of time', 'expired'),
  ofClosing('skipped', 'a deferred recipient of a cancelled campaign is not tried again', 'cancelled'),
  late('sent', 'an uncertain mail did arrive'),
  late('failed', 'an uncertain mail was refused'),
  late('sent', 'a person clicked in a mail that was uncertain'),
  late('sent', 'a report says that an uncertain mail did arrive'),
  late('failed', 'a report says that an uncertain mail did not arrive'),
  {
    ...late('uncertain', ''),
    when: 'after a restore of the database: a deferred mail may have been sent since the backup',
    id: `${ENTRY}:restored`,
  },
  visit(
    'recipient.opened',
    'the tracking pixel of a mail was fetched',
    'opened:<campaign>:<subscriber>:pixel:<rule or person>:<second>',
    VISIT,
  ),
  visit(
    'recipient.clicked',
    'a link of a mail was followed',
    'clicked:<campaign>:<subscriber>:<link>:<rule or person>:<second>',
    `${VISIT}, link`,
  ),
  reported('recipient.bounced', 'a mail bounced after it had been accepted', 'class, code, reply, hard'),
  reported('recipient.complained', 'the recipient reported it as spam', 'detail'),
];
