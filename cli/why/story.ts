import type { PersonResponse } from '../../api/routes/people/schema.js';
import { decideForAddress } from '../../domain/delivery/suppression.js';
import { exact, section } from '../stories/lines.js';

/** What is known about a person, as lines of plain text. */
export function storyOf(person: PersonResponse): string[] {
  const { email, why, lists, suppression, campaigns, messages, scheduled } = person;
  const answer =
    why === null
      ? []
      : [`${why.campaign_id === null ? 'This message' : `Campaign ${why.campaign_id}`}: ${why.sentence}`];
  const suppressed = suppression === null ? [] : [suppressionLine(suppression)];
  return [
    email,
    ...answer,
    ...suppressed,
    ...(lists.length === 0 ? ['On no list.'] : lists.map(listLine)),
    ...section('Campaigns, the last first:', campaigns.map(campaignLine)),
    ...section('Messages, the newest first:', (messages ?? []).map(messageLine)),
    ...section('Scheduled, if nothing changes:', scheduled.map(scheduledLine)),
  ];
}

function suppressionLine({ reason, evidence, since, expires_at }: NonNullable<PersonResponse['suppression']>): string {
  const after = evidence === null ? '' : `, after "${evidence}"`;
  const until = expires_at === null ? '' : `, until ${exact(expires_at)}`;
  return `Suppressed since ${exact(since)} (${reason})${after}${until}: gets no mail.`;
}

function listLine({
  list_id,
  list_name,
  status,
  source,
  created_at,
  unsubscribed_at,
}: PersonResponse['lists'][number]) {
  const left = unsubscribed_at === null ? '' : `, unsubscribed on ${exact(unsubscribed_at)}`;
  return `On list ${list_id}, ${list_name ?? 'deleted'}: ${status}, added on ${exact(created_at)} (${source})${left}.`;
}

function campaignLine({
  campaign_id,
  issue,
  subject,
  launched_at,
  state,
  class: why,
  reply,
  ...more
}: PersonResponse['campaigns'][number]) {
  const name =
    issue === null ? `campaign ${campaign_id}` : `campaign ${campaign_id} (newsletter ${issue.newsletter_id})`;
  return `${launched_at === null ? 'not launched' : exact(launched_at)}  ${name}, "${subject}": ${outcome(state, why, reply)}${reactionsOf(more)}`;
}

function messageLine({
  message_id,
  subject,
  at,
  state,
  class: why,
  reply,
  waiting,
  ...more
}: NonNullable<PersonResponse['messages']>[number]) {
  const waits =
    waiting === null ? '' : `, waiting since ${exact(waiting.since)} (${waiting.reason}): ${waiting.detail}`;
  return `${exact(at)}  message ${message_id}, "${subject}": ${outcome(state, why, reply)}${reactionsOf(more)}${waits}`;
}

function outcome(state: string, why: string | null, reply: string | null): string {
  const isBounce = why !== null && decideForAddress({ kind: state, class: why }) === 'suppress';
  const because = why === null || why === 'accepted' ? '' : ` (${why}${isBounce ? ', counts as a bounce' : ''})`;
  return `${state}${because}${reply === null ? '' : `: "${reply}"`}`;
}

type Reactions = Pick<PersonResponse['campaigns'][number], 'opens' | 'clicks' | 'bounced' | 'complained'>;

function reactionsOf({ opens, clicks, bounced, complained }: Reactions): string {
  return [
    opens.count > 0 ? `, opened ${times(opens.count)}` : '',
    clicks.count > 0 ? `, clicked ${times(clicks.count)}` : '',
    bounced === null ? '' : `, bounced on ${exact(bounced.at)}`,
    complained === null ? '' : `, reported as spam on ${exact(complained.at)}`,
  ].join('');
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function scheduledLine({
  kind,
  at,
  campaign_id,
  newsletter_id,
  message_id,
  subject,
}: PersonResponse['scheduled'][number]) {
  const name = kind === 'issue' ? `issue of newsletter ${newsletter_id}` : `${kind} ${campaign_id ?? message_id}`;
  return `${exact(at)}  ${name}, "${subject}"`;
}
