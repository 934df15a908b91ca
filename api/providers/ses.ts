import type { Evidence } from '../../domain/delivery/evidence.js';
import { type BounceCause, bounceEvidence, delayEvidence } from '../../domain/delivery/provider-evidence.js';
import { shortReply } from '../../domain/delivery/scrub.js';
import type { IdentifiedReport } from '../../store/inbound/row.js';
import { type CertificateAt, isSignedBySns, isSnsUrl, regionOf } from './sns.js';
import {
  FORGED,
  fieldsOf,
  isTooOld,
  itemsOf,
  type JsonFields,
  messageIdsIn,
  parseJson,
  type ReadWebhook,
  textOf,
  timeOf,
  UNREADABLE,
} from './webhook.js';

const PERMANENT: Readonly<Record<string, BounceCause>> = {
  General: 'no_mailbox',
  NoEmail: 'no_mailbox',
  Suppressed: 'no_mailbox',
  OnAccountSuppressionList: 'no_mailbox',
};
const TRANSIENT: Readonly<Record<string, BounceCause>> = {
  MailboxFull: 'full',
  MessageTooLarge: 'too_large',
  ContentRejected: 'content',
  AttachmentRejected: 'content',
  CustomTimeoutExceeded: 'expired',
};

/** Amazon SES through SNS: notifications of an identity (`notificationType`) and of a configuration set (`eventType`). */
export function sesReader(certificateAt: CertificateAt): ReadWebhook {
  return async ({ body, settings, at }) => {
    const envelope = fieldsOf(parseJson(body));
    const topic = textOf(envelope['TopicArn']);
    // Any AWS customer can send validly signed messages of a topic of their own.
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

function confirmation(envelope: JsonFields, id: string, topic: string) {
  const url = textOf(envelope['SubscribeURL']) ?? '';
  return isSnsUrl(url, regionOf(topic)) ? ({ kind: 'subscription', id, url } as const) : FORGED;
}

/** SES announces its notifications with a plain sentence: a text that is not a document is not a report. */
function notification(envelope: JsonFields, id: string, sentAt: Date) {
  const document = parseJson(textOf(envelope['Message']) ?? '');
  if (document === undefined) return { kind: 'reports', reports: [] } as const;
  const message = fieldsOf(document);
  const mail = fieldsOf(message['mail']);
  if (Object.keys(mail).length === 0) return UNREADABLE;
  return {
    kind: 'reports',
    reports: recipientReportsIn(message).map((one, n) => reportOf(one, mail, `${id}:${n}`, sentAt)),
  } as const;
}

interface RecipientReport {
  readonly evidence: Evidence | undefined;
  readonly email: unknown;
  readonly at: unknown;
}

function recipientReportsIn(message: JsonFields): (RecipientReport & { readonly evidence: Evidence })[] {
  const { bounce, complaint, delivery, deliveryDelay } = message as Record<string, unknown>;
  const reports: RecipientReport[] = [
    ...bounces(fieldsOf(bounce)),
    ...complaints(fieldsOf(complaint)),
    ...delays(fieldsOf(deliveryDelay)),
    ...deliveries(fieldsOf(delivery)),
  ];
  return reports.flatMap((one) => (one.evidence === undefined ? [] : [{ ...one, evidence: one.evidence }]));
}

function bounces({ bounceType, bounceSubType, bouncedRecipients, timestamp }: JsonFields): RecipientReport[] {
  return itemsOf(bouncedRecipients).map(({ emailAddress, status, diagnosticCode }) => {
    const known = { status: textOf(status), words: textOf(diagnosticCode) };
    const takenFor = (bounceType === 'Permanent' ? PERMANENT : TRANSIENT)[String(bounceSubType)] ?? 'unknown';
    // A transient bounce without details may be an out-of-office reply.
    const says = bounceType === 'Permanent' || takenFor !== 'unknown' || known.words !== null;
    const rule = `ses:${bounceType}/${bounceSubType}`;
    return {
      evidence: says ? bounceEvidence({ ...known, rule, cause: takenFor }) : undefined,
      email: emailAddress,
      at: timestamp,
    };
  });
}

function complaints({ complainedRecipients, complaintFeedbackType, timestamp }: JsonFields): RecipientReport[] {
  if (complaintFeedbackType === 'not-spam') return [];
  const detail = shortReply(`ses: ${textOf(complaintFeedbackType) ?? 'complaint'}`);
  return itemsOf(complainedRecipients).map(({ emailAddress }) => {
    return { evidence: { kind: 'complained', detail }, email: emailAddress, at: timestamp };
  });
}

function delays({ delayedRecipients, timestamp }: JsonFields): RecipientReport[] {
  return itemsOf(delayedRecipients).map(({ emailAddress, status, diagnosticCode }) => {
    return { evidence: delayEvidence(textOf(status), textOf(diagnosticCode)), email: emailAddress, at: timestamp };
  });
}

function deliveries({ recipients, timestamp }: JsonFields): RecipientReport[] {
  if (!Array.isArray(recipients)) return [];
  return recipients.map((email) => ({ evidence: { kind: 'delivered' }, email, at: timestamp }));
}

/** SES replaces the Message-ID; ours is among the original headers, and our return path is its `source`. */
function reportOf(
  { evidence, email, at }: RecipientReport & { evidence: Evidence },
  mail: JsonFields,
  id: string,
  sentAt: Date,
): IdentifiedReport {
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
