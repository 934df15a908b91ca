import { compileLetter } from '../../../mail/letter/compile.js';
import type { Letter, Recipient, SplicedMail } from '../../../mail/letter/letter.js';
import { spliceMail } from '../../../mail/letter/splice.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';

export function aLetter(over: Partial<Letter> = {}): Letter {
  return {
    account: 3,
    campaign: 7,
    subject: 'News',
    preheader: null,
    html: '<p>Hello {{ first_name }}</p>',
    text: null,
    from: { name: 'News', email: 'news@example.test' },
    replyTo: null,
    list: { id: 5, uid: 'l5x', name: 'Readers' },
    publicUrl: 'https://mail.example.test',
    boundarySeed: 'seed',
    ...over,
  };
}

export function aRecipient(over: Partial<Recipient> = {}): Recipient {
  return {
    id: 42,
    email: 'ada@example.test',
    first_name: 'Ada',
    last_name: 'Lovelace',
    attributes: {},
    tags: [],
    ...over,
  };
}

export const someLinks = linkTokens([{ kid: 1, key: Buffer.alloc(32, 7), current: true }]);
export const someTime = new Date('2026-05-15T09:00:12Z');

/** A finished mail to one recipient. */
export function aMail(recipient: Partial<Recipient> = {}, letter: Partial<Letter> = {}): SplicedMail {
  const mail = spliceMail(compileLetter(aLetter(letter)), aRecipient(recipient), someTime, someLinks);
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  return mail;
}
