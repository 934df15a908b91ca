import { createHash, timingSafeEqual } from 'node:crypto';
import type { Evidence } from '../../domain/evidence.js';
import { bounceTold, type TakenFor } from '../../domain/provider/evidence.js';
import type { ProviderSettings } from '../../domain/provider/names.js';
import type { ToldReport } from '../../store/inbound.js';
import {
  documentIn,
  FORGED,
  type Foreign,
  fieldsOf,
  type Incoming,
  type Reading,
  textOf,
  timeOf,
  UNREADABLE,
} from './incoming.js';

/** Types of bounce that say something about the mail; `Transient`, auto-responders and the like do not. */
const BOUNCES: Readonly<Record<string, TakenFor>> = {
  HardBounce: 'nobody',
  BadEmailAddress: 'nobody',
  ManuallyDeactivated: 'nobody',
  SoftBounce: 'unknown',
  Undetermined: 'unknown',
  Unknown: 'unknown',
  DnsError: 'domain',
  SpamNotification: 'content',
  VirusNotification: 'content',
  Blocked: 'blocked',
  DMARCPolicy: 'blocked',
};
const MOST_MARKS = 20;

/** Postmark signs nothing: the secret in the URL vouches, and a user and password in it where they are set. */
export function readPostmark({ headers, body, settings, at }: Incoming): Reading {
  if (!isIntroduced(settings, headers.authorization)) return FORGED;
  const record = fieldsOf(documentIn(body));
  const type = textOf(record['RecordType']);
  if (type === null) return UNREADABLE;
  const report = reportOf(type, record, at);
  return { kind: 'reports', reports: report === undefined ? [] : [report] };
}

function isIntroduced({ username, password }: ProviderSettings, given = ''): boolean {
  if (username === undefined && password === undefined) return true;
  const wanted = `${username ?? ''}:${password ?? ''}`;
  const said = Buffer.from(/^Basic +([\w+/=]+)$/i.exec(given.trim())?.[1] ?? '', 'base64');
  return timingSafeEqual(digest(wanted), digest(said));
}

function digest(said: string | Buffer): Buffer {
  return createHash('sha256').update(said).digest();
}

function reportOf(type: string, record: Foreign, received: Date): ToldReport | undefined {
  const evidence = evidenceOf(type, record);
  if (evidence === undefined) return undefined;
  const [time] = ['BouncedAt', 'DeliveredAt'].flatMap((name) => record[name] ?? []);
  const email = textOf(record['Email']) ?? textOf(record['Recipient']);
  const id = [type, record['ID'] ?? record['MessageID'], email, evidence.kind, time].join(':');
  return { id, evidence, at: timeOf(time, received), email, ...marksIn(textOf(record['Content']) ?? '') };
}

/** The mail that came back, where Postmark is told to send it along: our own marks may stand anywhere in it. */
function marksIn(content: string): Pick<ToldReport, 'addresses' | 'messageIds'> {
  const addresses = content.match(/\bb\+[a-z2-7]{24,31}\.[a-z2-7]{20}@[\w.-]{1,253}/gi) ?? [];
  const messageIds = [...content.matchAll(/^message-id:\s*<([^<>\s]{3,250})>/gim)].flatMap(([, id]) => id ?? []);
  return { addresses: addresses.slice(0, MOST_MARKS), messageIds: messageIds.slice(0, MOST_MARKS) };
}

function evidenceOf(type: string, record: Foreign): Evidence | undefined {
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

function bounceOf(kind: string, record: Foreign): Evidence | undefined {
  const takenFor = BOUNCES[kind];
  const words = textOf(record['Details']) ?? textOf(record['Description']);
  return takenFor && bounceTold({ status: null, words, rule: `postmark:${kind}`, takenFor });
}
