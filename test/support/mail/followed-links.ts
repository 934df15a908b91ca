import { parseDocument } from 'htmlparser2';
import PostalMime from 'postal-mime';
import { compileLetter } from '../../../mail/letter/compile.js';
import type { Letter, Recipient } from '../../../mail/letter/letter.js';
import { unmasked } from '../../../mail/letter/links/links.js';
import { spliceMail } from '../../../mail/letter/splice.js';
import { destinationsIn, destinationsOf } from '../../../mail/letter/tracking.js';
import { composeMessage, messageBodies } from '../../../mail/message/compose.js';
import { aLetter, aRecipient, someLinks, someTime } from './letters.js';

const TRACKED = /https:\/\/mail\.example\.test\/c\/[\w-]+\/(\d+)/g;

/** A mail whose tracked links are replaced by the destinations that a click leads to. */
export interface FollowedMail {
  readonly html: string;
  readonly text: string;
  /** What a browser reads from each `href` of an anchor or area, in order. */
  readonly hrefs: readonly string[];
  /** The stored destinations, as statistics show them. */
  readonly destinations: readonly string[];
  /** The text as it is sent. */
  readonly sent: string;
}

interface Content {
  readonly html: string | null;
  readonly text: string | null;
}

/** Sends a tracked letter to one recipient and follows its links. */
export async function followedLetter(over: Partial<Letter>, to: Partial<Recipient> = {}): Promise<FollowedMail> {
  const letter = aLetter(over);
  const destinations = destinationsOf(letter);
  const links = new Map(destinations.map((url, i) => [url, i + 1]));
  const mail = spliceMail(
    compileLetter({ ...letter, tracking: { opens: false, links } }),
    aRecipient(to),
    someTime,
    someLinks,
  );
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  return followed(Buffer.concat(mail.chunks), destinations);
}

/** The same for a message with `track: true`. */
export async function followedMessageOf(content: Content): Promise<FollowedMail> {
  const { mail, destinations } = await trackedMessageOf(content);
  return followed(mail, destinations);
}

/** A message with `track: true` as it is sent, and where its links lead. */
export async function trackedMessageOf(
  content: Content,
): Promise<{ readonly mail: Buffer; readonly destinations: readonly string[] }> {
  const to = { name: null, email: 'ada@example.test' };
  const whole = {
    ...{ from: { name: 'Acme', email: 'hello@acme.example' }, reply_to: null, to, cc: [], subject: 'x' },
    ...{ preheader: null, headers: {}, attachments: [], ...content },
  };
  const { html, ...part } = messageBodies(whole);
  const destinations = destinationsIn(
    { ...part, ...(html !== null && { html }) },
    'https://mail.example.test',
    unmasked,
  );
  const trackingLinks = {
    ...{ opens: false, publicUrl: 'https://mail.example.test', token: 'tok' },
    links: new Map(destinations.map((url, i) => [url, i + 1])),
  };
  const draft = { id: 'x', account: 3, content: whole, to, role: 'to' as const, file: async () => Buffer.alloc(0) };
  const mail = await composeMessage({ ...draft, trackingLinks }, someTime);
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  return { mail: Buffer.concat(mail.chunks), destinations };
}

async function followed(mail: Buffer, destinations: readonly string[]): Promise<FollowedMail> {
  const { html: shown = '', text: sent = '' } = await PostalMime.parse(mail);
  const follow = (body: string) => body.replace(TRACKED, (_, n) => destinations[Number(n) - 1] ?? 'nowhere');
  const hrefs = [...hrefsIn(parseDocument(shown) as unknown as Parsed)].map(follow);
  return { html: follow(shown), text: follow(sent).trimEnd(), hrefs, destinations, sent };
}

interface Parsed {
  readonly name?: string;
  readonly attribs?: Readonly<Record<string, string>>;
  readonly children?: readonly Parsed[];
}

function* hrefsIn(document: Parsed): Generator<string> {
  const waiting = [document];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const { name = '', attribs, children = [] } = node;
    const href = attribs?.['href'];
    if (/^(?:a|area)$/.test(name) && href !== undefined) yield href;
    for (const child of children.toReversed()) waiting.push(child);
  }
}
