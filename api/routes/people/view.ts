import type { Person, PersonCampaignMail, PersonMessage } from '../../../services/person/person.js';
import type { ScheduledMail } from '../../../services/person/scheduled.js';
import type { Subscriber } from '../../../store/subscribers/row.js';
import type { Suppression } from '../../../store/suppressions/suppressions.js';
import type { MailReactions, MailReport, MailVisits } from '../../../store/tracking/reactions.js';
import { waitingView } from '../../schema/waiting.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { PersonResponse } from './schema.js';

export function personView(email: string, person: Person, why: PersonResponse['why']): PersonResponse {
  const { rows, listNames, suppression, campaigns, messages, scheduled } = person;
  return {
    email,
    lists: rows.map((row) => membershipView(row, listNames.get(row.list_id) ?? null)),
    suppression: suppression && suppressionView(suppression),
    campaigns: campaigns.map(campaignMailView),
    messages: messages?.map(messageMailView) ?? null,
    scheduled: scheduled.map(scheduledView),
    why,
  };
}

function membershipView(row: Subscriber, list_name: string | null): PersonResponse['lists'][number] {
  const { list_id, _id: subscriber_id, status, source } = row;
  return {
    ...{ list_id, list_name, subscriber_id, status, source },
    created_at: timestamp(row.created_at),
    subscribed_at: timestamp(row.subscribed_at),
    confirmed_at: timestampOrNull(row.consent?.confirmed_at ?? null),
    unsubscribed_at: timestampOrNull(row.unsubscribed_at),
  };
}

function suppressionView({ reason, evidence, created_at, expires_at }: Suppression) {
  return { reason, evidence, since: timestamp(created_at), expires_at: timestampOrNull(expires_at ?? null) };
}

function campaignMailView({ campaign, recipient, issue, reactions }: PersonCampaignMail) {
  const { _id: campaign_id, subject, list_id, launched_at } = campaign;
  const { subscriber_id, status: state, class: why, reply, attempts, updated_at } = recipient;
  return {
    ...{ campaign_id, subject, list_id, subscriber_id, state, class: why, reply, attempts },
    issue: issue === undefined ? null : { id: issue._id, newsletter_id: issue.newsletter },
    launched_at: timestampOrNull(launched_at),
    at: timestampOrNull(updated_at),
    ...reactionsView(reactions),
  };
}

function messageMailView({ message, reactions, waiting }: PersonMessage) {
  const { _id: message_id, subject, state, attempts, attempt, due, updated_at } = message;
  const last = attempts.at(-1);
  const waits = state === 'accepted' || state === 'deferred';
  return {
    ...{ message_id, subject, state, attempts: attempt },
    class: last?.class ?? null,
    reply: last?.reply ?? null,
    at: timestamp(last === undefined ? updated_at : new Date(last.at)),
    next_attempt_at: waits ? timestamp(due) : null,
    waiting: waitingView(waiting),
    ...reactionsView(reactions),
  };
}

function reactionsView({ opens, clicks, bounced, complained }: MailReactions) {
  return {
    opens: visitsView(opens),
    clicks: visitsView(clicks),
    bounced: bounced && reportView(bounced),
    complained: complained && reportView(complained),
  };
}

function visitsView({ people, machines, first_at, last_at }: MailVisits) {
  return {
    ...{ count: people, by_machines: machines },
    first_at: timestampOrNull(first_at),
    last_at: timestampOrNull(last_at),
  };
}

function reportView({ at, class: why, reply }: MailReport) {
  return { at: timestamp(at), class: why, reply };
}

function scheduledView(mail: ScheduledMail): PersonResponse['scheduled'][number] {
  const none = { campaign_id: null, newsletter_id: null, message_id: null, list_id: null };
  const at = timestamp(mail.at);
  switch (mail.kind) {
    case 'campaign': {
      const { _id: campaign_id, list_id, subject } = mail.campaign;
      return { ...none, kind: mail.kind, at, campaign_id, list_id, subject };
    }
    case 'issue': {
      const { _id: newsletter_id, list_id, name: subject } = mail.newsletter;
      return { ...none, kind: mail.kind, at, newsletter_id, list_id, subject };
    }
    case 'message': {
      const { _id: message_id, subject } = mail.message;
      return { ...none, kind: mail.kind, at, message_id, subject };
    }
  }
}
