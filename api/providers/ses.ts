import type { Evidence } from '../../domain/evidence.js';
import { bounceTold, delayTold, type TakenFor } from '../../domain/provider/evidence.js';
import { shortReply } from '../../domain/scrub.js';
import type { ToldReport } from '../../store/inbound.js';
import {
  documentIn,
  FORGED,
  type Foreign,
  fieldsOf,
  itemsOf,
  messageIdsIn,
  type ReadWebhook,
  textOf,
  timeOf,
  UNREADABLE,
} from './incoming.js';
import { type CertificateAt, isOfSns, isSignedBySns, regionOf } from './sns.js';
import { isTooOld } from './window.js';

const PERMANENT: Readonly<Record<string, TakenFor>> = {
  NoEmail: 'nobody',
  Suppressed: 'nobody',
  OnAccountSuppressionList: 'nobody',
};
const TRANSIENT: Readonly<Record<string, TakenFor>> = {
  MailboxFull: 'full',
  MessageTooLarge: 'too_large',
  ContentRejected: 'content',
  AttachmentRejected: 'content',
  CustomTimeoutExceeded: 'expired',
};

/** Amazon SES, by SNS: notifications of an identity (`notificationType`) and of a configuration set (`eventType`). */
export function sesReader(certificateAt: CertificateAt): ReadWebhook {
  return async ({ body, settings, at }) => {
    const envelope = fieldsOf(documentIn(body));
    const topic = textOf(envelope['TopicArn']);
    // Anybody on AWS has validly signed messages: of a topic of their own.
    if (topic === null || topic !== settings.topic_arn) return FORGED;
    if (!(await isSignedBySns(envelope, certificateAt, at))) return FORGED;
    const id = textOf(envelope['MessageId']);
    const sentAt = timeOf(envelope['Timestamp'], new Date(0));
    if (id === null || isTooOld(sentAt, at)) return FORGED;
    switch (envelope['Type']) {
      case 'SubscriptionConfirmation':
        return confirmation(envelope, id, topic);
      case 'Notification':
        return notification(envelope, id, sentAt);
      default:
        return { kind: 'reports', reports: [] };
    }
  };
}

function confirmation(envelope: Foreign, id: string, topic: string) {
  const url = textOf(envelope['SubscribeURL']) ?? '';
  return isOfSns(url, regionOf(topic)) ? ({ kind: 'subscription', id, url } as const) : FORGED;
}

/** SES says with a sentence that it will say more: what is no document is no report. */
function notification(envelope: Foreign, id: string, sentAt: Date) {
  const said = documentIn(textOf(envelope['Message']) ?? '');
  if (said === undefined) return { kind: 'reports', reports: [] } as const;
  const message = fieldsOf(said);
  const mail = fieldsOf(message['mail']);
  if (Object.keys(mail).length === 0) return UNREADABLE;
  return {
    kind: 'reports',
    reports: toldIn(message).map((one, n) => reportOf(one, mail, `${id}:${n}`, sentAt)),
  } as const;
}

interface Told {
  readonly evidence: Evidence | undefined;
  readonly email: unknown;
  readonly at: unknown;
}

function toldIn(message: Foreign): (Told & { readonly evidence: Evidence })[] {
  const { bounce, complaint, delivery, deliveryDelay } = message as Record<string, unknown>;
  const told: Told[] = [
    ...bounces(fieldsOf(bounce)),
    ...complaints(fieldsOf(complaint)),
    ...delays(fieldsOf(deliveryDelay)),
    ...arrivals(fieldsOf(delivery)),
  ];
  return told.flatMap((one) => (one.evidence === undefined ? [] : [{ ...one, evidence: one.evidence }]));
}

function bounces({ bounceType, bounceSubType, bouncedRecipients, timestamp }: Foreign): Told[] {
  return itemsOf(bouncedRecipients).map(({ emailAddress, status, diagnosticCode }) => {
    const known = { status: textOf(status), words: textOf(diagnosticCode) };
    const takenFor = (bounceType === 'Permanent' ? PERMANENT : TRANSIENT)[String(bounceSubType)] ?? 'unknown';
    // A transient one that says nothing more may be a holiday.
    const says = bounceType === 'Permanent' || takenFor !== 'unknown' || known.words !== null;
    const rule = `ses:${bounceType}/${bounceSubType}`;
    return {
      evidence: says ? bounceTold({ ...known, rule, takenFor }) : undefined,
      email: emailAddress,
      at: timestamp,
    };
  });
}

function complaints({ complainedRecipients, complaintFeedbackType, timestamp }: Foreign): Told[] {
  if (complaintFeedbackType === 'not-spam') return [];
  const detail = shortReply(`ses: ${textOf(complaintFeedbackType) ?? 'complaint'}`);
  return itemsOf(complainedRecipients).map(({ emailAddress }) => {
    return { evidence: { kind: 'complained', detail }, email: emailAddress, at: timestamp };
  });
}

function delays({ delayedRecipients, timestamp }: Foreign): Told[] {
  return itemsOf(delayedRecipients).map(({ emailAddress, status, diagnosticCode }) => {
    return { evidence: delayTold(textOf(status), textOf(diagnosticCode)), email: emailAddress, at: timestamp };
  });
}

function arrivals({ recipients, timestamp }: Foreign): Told[] {
  if (!Array.isArray(recipients)) return [];
  return recipients.map((email) => ({ evidence: { kind: 'delivered' }, email, at: timestamp }));
}

/** SES gives the mail a Message-ID of its own; ours is among the headers it was handed, our return path is its `source`. */
function reportOf(
  { evidence, email, at }: Told & { evidence: Evidence },
  mail: Foreign,
  id: string,
  sentAt: Date,
): ToldReport {
  const ours = itemsOf(mail['headers']).filter(({ name }) => String(name).toLowerCase() === 'message-id');
  return {
    id,
    evidence,
    at: timeOf(at, sentAt),
    email: textOf(email),
    addresses: [textOf(mail['source']) ?? []].flat(),
    messageIds: messageIdsIn(...ours.map(({ value }) => value)),
  };
}
