import type { Email } from 'postal-mime';
import type { Fields } from './fields.js';

/** References in an inbound mail to one of our mails. None is trusted before its MAC is verified. */
export interface MailReferences {
  /** Possible return paths, the most likely first. */
  readonly addresses: readonly string[];
  /** Message-IDs of the returned mail, without brackets. */
  readonly messageIds: readonly string[];
}

interface ReferenceSources {
  readonly mail: Email;
  readonly envelopeTo: readonly string[];
  /** The fields of a feedback report and of the returned mail. */
  readonly about: readonly Fields[];
}

const MAX_REFERENCES = 20;
const OUTER_FIELDS = ['to', 'delivered-to', 'x-original-to', 'envelope-to'];
const RETURNED_FIELDS = ['original-mail-from', 'return-path', 'x-mailfrom', 'list-unsubscribe'];

export function referencesIn({ mail, envelopeTo, about }: ReferenceSources): MailReferences {
  const outer = mail.headers.filter(({ key }) => OUTER_FIELDS.includes(key)).map(({ value }) => value);
  const inner = about.flatMap((fields) => RETURNED_FIELDS.map((name) => fields.get(name) ?? ''));
  const addresses = [...envelopeTo, ...outer, ...inner].flatMap(
    (text) => text.slice(0, 8_000).match(/(?<![\w.+-])[\w.+-]{3,64}@[\w.-]{1,253}/g) ?? [],
  );
  const messageIds = about.flatMap((fields) => /<([^<>\s]{3,250})>/.exec(fields.get('message-id') ?? '')?.[1] ?? []);
  return {
    addresses: [...new Set(addresses)].slice(0, MAX_REFERENCES),
    messageIds: messageIds.slice(0, MAX_REFERENCES),
  };
}
