import { createHash, timingSafeEqual } from 'node:crypto';
import type { Evidence } from '../../domain/delivery/evidence.js';
import { type BounceCause, bounceEvidence } from '../../domain/delivery/provider-evidence.js';
import type { ProviderSettings } from '../../domain/provider/settings.js';
import type { IdentifiedReport } from '../../store/inbound/row.js';
import {
  FORGED,
  fieldsOf,
  type JsonFields,
  parseJson,
  textOf,
  timeOf,
  UNREADABLE,
  type WebhookContent,
  type WebhookRequest,
} from './webhook.js';

/** Bounce types that concern the mail; `Transient`, auto-responders and the like do not. */
const BOUNCES: Readonly<Record<string, BounceCause>> = {
  HardBounce: 'no_mailbox',
  BadEmailAddress: 'no_mailbox',
  ManuallyDeactivated: 'no_mailbox',
  SoftBounce: 'unknown',
  Undetermined: 'unknown',
  Unknown: 'unknown',
  DnsError: 'domain',
  SpamNotification: 'content',
  VirusNotification: 'content',
  Blocked: 'blocked',
  DMARCPolicy: 'blocked',
};
const MAX_IDENTIFIERS = 20;

/** Postmark signs nothing: the secret in the URL authenticates it, with a user and password where they are set. */
export function readPostmark({ headers, body, settings, at }: WebhookRequest): WebhookContent {
  if (!isAuthorized(settings, headers.authorization)) return FORGED;
  const record = fieldsOf(parseJson(body));
  const type = textOf(record['RecordType']);
  if (type === null) return UNREADABLE;
  const report = reportOf(type, record, at);
  return { kind: 'reports', reports: report === undefined ? [] : [report] };
}

function isAuthorized({ username, password }: ProviderSettings, given = ''): boolean {
  if (username === undefined && password === undefined) return true;
  const expected = `${username ?? ''}:${password ?? ''}`;
  const received = Buffer.from(/^Basic +([\w+/=]+)$/i.exec(given.trim())?.[1] ?? '', 'base64');
  return timingSafeEqual(digest(expected), digest(received));
}

function digest(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}

function reportOf(type: string, record: JsonFields, received: Date): IdentifiedReport | undefined {
  const evidence = evidenceOf(type, record);
  if (evidence === undefined) return undefined;
  const [time] = ['BouncedAt', 'DeliveredAt'].flatMap((name) => record[name] ?? []);
  const email = textOf(record['Email']) ?? textOf(record['Recipient']);
  const id = [type, record['ID'] ?? record['MessageID'], email, evidence.kind, time].join(':');
  return { id, evidence, at: timeOf(time, received), email, ...identifiersIn(textOf(record['Content']) ?? '') };
}

/** The returned mail, where Postmark is configured to include it: our marks may be anywhere in it. */
function identifiersIn(content: string): Pick<IdentifiedReport, 'addresses' | 'messageIds'> {
  const addresses = content.match(/\bb\+[a-z2-7]{24,31}\.[a-z2-7]{20}@[\w.-]{1,253}/gi) ?? [];
  const messageIds = [...content.matchAll(/^message-id:\s*<([^<>\s]{3,250})>/gim)].flatMap(([, id]) => id ?? []);
  return { addresses: addresses.slice(0, MAX_IDENTIFIERS), messageIds: messageIds.slice(0, MAX_IDENTIFIERS) };
}

function evidenceOf(type: string, record: JsonFields): Evidence | undefined {
  switch (type) {
    case 'Delivery':
      return { kind: 'delivered' };
    case 'SpamComplaint':
      return { kind: 'complained', detail: 'postmark: SpamComplaint' };
    case 'Bounce':
      return bounceOf(String(record['Type'] ?? ''), record);
    default:
      return undefined;
  }
}

function bounceOf(kind: string, record: JsonFields): Evidence | undefined {
  const takenFor = BOUNCES[kind];
  const words = textOf(record['Details']) ?? textOf(record['Description']);
  return takenFor && bounceEvidence({ status: null, words, rule: `postmark:${kind}`, cause: takenFor });
}
