import { readable } from '../timestamp.js';
import { type Waiting, waitingSentence } from '../waiting/waiting.js';
import { exclusionSentence } from './exclusion.js';
import {
  type Answer,
  type CampaignFacts,
  type EndedHold,
  heldWords,
  laterReports,
  quoted,
  type RecipientFacts,
  type ReportFacts,
  type SubscriberFacts,
  type SuppressionFacts,
  sinceSuppressed,
} from './facts.js';

export const CAMPAIGN_ANSWERS = [
  'sent',
  'failed',
  'uncertain',
  'skipped',
  'deferred',
  'pending',
  'excluded',
  'added_later',
  'not_on_list',
  'freezing',
  'not_launched',
  'cancelled',
  'erased',
] as const;
export type CampaignAnswer = Answer<(typeof CAMPAIGN_ANSWERS)[number]>;

/** What is stored about one campaign and one person. */
export interface CampaignAndPerson {
  readonly campaign: CampaignFacts;
  /** Null: no row on the campaign's list. */
  readonly subscriber: SubscriberFacts | null;
  /** Null: no stored page of the campaign has the person. */
  readonly recipient: RecipientFacts | null;
  readonly bounced: ReportFacts | null;
  readonly complained: ReportFacts | null;
  /** What the campaign waits for now. */
  readonly waiting: Waiting | null;
  /** The last hold of the campaign that is over. */
  readonly held: EndedHold | null;
  readonly suppression: SuppressionFacts | null;
  /** The person was erased: nothing names the rows that they had. */
  readonly erased: boolean;
  /** From the event log: the status before the freeze; null where no event tells it. */
  readonly status_at_freeze: SubscriberFacts['status'] | null;
}

/** Why a campaign did or did not reach a person. The sentence claims nothing that is not stored. */
export function campaignAnswer(known: CampaignAndPerson): CampaignAnswer {
  const { campaign, recipient, subscriber, erased } = known;
  if (recipient !== null) return { code: recipient.status, sentence: SENTENCES[recipient.status](recipient, known) };
  if (campaign.audience === 'none') return notLaunched(known);
  if (subscriber === null) return erased ? ERASED : notOnList(campaign);
  if (campaign.frozen_at !== null && subscriber.created_at > campaign.frozen_at) {
    const [added, frozen] = [readable(subscriber.created_at), readable(campaign.frozen_at)];
    const sentence = `Was not on the list when the campaign was frozen: added on ${added}, frozen on ${frozen}.`;
    return { code: 'added_later', sentence };
  }
  if (campaign.audience === 'growing') {
    const sentence = 'The audience is still being frozen, and has not reached this person yet.';
    return { code: 'freezing', sentence: `${sentence}${waitingWords(known)}` };
  }
  if (campaign.audience === 'cut') {
    return { code: 'cancelled', sentence: 'The campaign was cancelled before its audience was frozen to the end.' };
  }
  return { code: 'excluded', sentence: exclusionSentence({ ...known, subscriber }) };
}

const ERASED: CampaignAnswer = {
  code: 'erased',
  sentence: 'The person was erased; what was sent to them before is no longer known.',
};

function notOnList({ list_id }: CampaignFacts): CampaignAnswer {
  return { code: 'not_on_list', sentence: `Is not on list ${list_id}, to which the campaign is sent.` };
}

function notLaunched(known: CampaignAndPerson): CampaignAnswer {
  const { campaign, subscriber, suppression } = known;
  if (campaign.state === 'cancelled') {
    return { code: 'cancelled', sentence: 'The campaign was cancelled before its audience was frozen.' };
  }
  const stands = `${stateWords(campaign)}.${waitingWords(known)}`;
  if (subscriber === null) return { code: 'not_launched', sentence: `${stands} ${notOnList(campaign).sentence}` };
  const obstacle = subscriber.status === 'active' ? suppression && sinceSuppressed(suppression) : subscriber.status;
  const person = obstacle
    ? `As things stand, this person is left out: ${obstacle}.`
    : 'As things stand, it includes this person.';
  return { code: 'not_launched', sentence: `${stands} ${person}` };
}

function stateWords({ state, scheduled_at, reason }: CampaignFacts): string {
  if (state === 'scheduled')
    return `Not sent yet: scheduled for ${scheduled_at === null ? 'later' : readable(scheduled_at)}`;
  const because = reason === null ? '' : ` (${reason})`;
  return `Not sent: the campaign is in the state ${state}${because}`;
}

/** A schedule and a retry are in the sentence already. */
function waitingWords({ waiting }: CampaignAndPerson): string {
  if (waiting === null || waiting.reason === 'schedule' || waiting.reason === 'retry') return '';
  return ` ${waitingSentence(waiting)}`;
}

type Sentence = (recipient: RecipientFacts, known: CampaignAndPerson) => string;

const SENTENCES: Readonly<Record<RecipientFacts['status'], Sentence>> = {
  sent: (recipient, known) => `${sentWords(recipient)}${history(known)}`,

  failed: ({ class: why, code, reply, updated_at }, known) =>
    `Failed${on(updated_at)} (${why})${quoted(reply, code)}.${history(known)}`,

  uncertain: ({ class: why, updated_at }, { campaign: { on_uncertain } }) => {
    const next =
      on_uncertain === 'hold' ? 'It is not sent again without a retry.' : 'A later round sends it once more.';
    return `Uncertain${since(updated_at)} (${why}): the mail may have arrived. ${next}`;
  },

  skipped: ({ class: why, updated_at }, { suppression }) => {
    const known = why === 'suppressed' && suppression !== null ? sinceSuppressed(suppression) : undefined;
    return `Skipped${on(updated_at)}, after the freeze: ${known ?? SKIPPED[why ?? ''] ?? why}.`;
  },

  deferred: ({ class: why, code, reply, updated_at, round }, known) => {
    const { last_round, tried_until } = known.campaign;
    const due =
      last_round !== null && last_round.n > round ? ` The next attempt is due on ${readable(last_round.due)}.` : '';
    const until = due === '' && tried_until !== null ? ` Later rounds try again until ${readable(tried_until)}.` : '';
    return `Deferred${on(updated_at)} (${why})${quoted(reply, code)}.${due}${until}${waitingWords(known)}`;
  },

  pending: ({ attempts }, { campaign: { state, reason }, waiting }) => {
    if (waiting !== null) return `${waitingSentence(waiting)} The campaign has not reached this person yet.`;
    if (attempts > 0 && state === 'sending') return 'Being sent: the mail is in flight, or waits for its next attempt.';
    const because = reason === null ? '' : ` (${reason})`;
    return state === 'sending'
      ? `Waiting: the campaign is being sent${because}, and has not reached this person yet.`
      : `Waiting: the campaign is in the state ${state}${because}.`;
  },
};

const SKIPPED: Readonly<Record<string, string>> = {
  gone: 'the subscriber was deleted',
  unsubscribed: 'unsubscribed',
  pending: 'had not confirmed the subscription',
  bounced: 'a hard bounce since the freeze',
  complained: 'a complaint since the freeze',
  suppressed: 'the address was suppressed',
  cancelled: 'the campaign was cancelled before the mail was sent',
};

function history({ held, bounced, complained }: CampaignAndPerson): string {
  return `${heldWords('The campaign', held)}${laterReports(bounced, complained)}`;
}

/** A page stores no time and no reply of a mail that was accepted at once. */
function sentWords({ class: why, reply, updated_at }: RecipientFacts): string {
  if (why === 'clicked') return `Sent: the recipient clicked a link${on(updated_at)}.`;
  if (why !== null) return `Sent: late evidence shows it${on(updated_at)}${quoted(reply)}.`;
  return `Sent${updated_at === null ? '' : ` by ${readable(updated_at)}`}: the mail server accepted the mail.`;
}

function on(at: Date | null): string {
  return at === null ? '' : ` on ${readable(at)}`;
}

function since(at: Date | null): string {
  return at === null ? '' : ` since ${readable(at)}`;
}
