import { MASK } from '../../liquid/mask-liquid.js';
import { hasPlaceholder, replacePlaceholders } from '../../liquid/placeholders.js';
import { isOwnUrl } from '../../liquid/safe-values.js';
import { destinationOf } from '../links/destination.js';

/** The link of an element as a text part prints it. */
export interface PrintedLink {
  /** Empty: nothing that a reader could open. */
  readonly address: string;
  /** The same, with marks around an address that can be tracked. */
  readonly shown: string;
  /** The recipient decides what it is, and whether there is one. Everpost's own links are the same for all. */
  readonly isPersonal: boolean;
}

export interface Reading {
  /** The address that relative ones are relative to. */
  readonly base: string | undefined;
  /** The Liquid behind a placeholder. */
  readonly sourceOf: (index: string) => string;
  readonly marked: (address: string) => string;
}

const SAFETY_TAG = /^\{% (?:end)?safe_url %\}$/;
const NOT_PRINTED = /^(?:#|javascript:|vbscript:|data:|$)/i;

/** The link of an element. Where Liquid chooses between several addresses, its tags stay around them. */
export function linkOf(attribs: Readonly<Record<string, string>>, reading: Reading): PrintedLink {
  const isKept = Object.keys(attribs).some((name) => withoutTags(name).toLowerCase() === 'data-notrack');
  let [address, shown] = ['', ''];
  let hasHref = false;
  for (const [name, value] of Object.entries(attribs)) {
    const tags = blockTagsOf(name, reading);
    address += tags;
    shown += tags;
    if (withoutTags(name).toLowerCase() !== 'href' || (hasHref && !hasPlaceholder(name))) continue;
    hasHref = true;
    const one = addressOf(value, reading);
    address += one.address;
    shown += one.isTrackable && !isKept ? reading.marked(one.address) : one.address;
  }
  if (!hasHref) return { address: '', shown: '', isPersonal: false };
  const source = sourcesIn(address, reading);
  return { address, shown, isPersonal: source !== address && !isOwnUrl(source) };
}

/** Whether a label is the address itself, so that it need not be printed twice. */
export function isLabelOf(label: string, { address }: PrintedLink, reading: Reading): boolean {
  const words = sourcesIn(label, reading).replace(/\s+/g, '');
  return (
    words !== '' && (words === sourcesIn(address, reading).replace(/\s+/g, '') || destinationOf(words) === address)
  );
}

function sourcesIn(text: string, { sourceOf }: Reading): string {
  return replacePlaceholders(text, (index, mark) => sourceOf(index) || mark);
}

function addressOf(written: string, reading: Reading): { readonly address: string; readonly isTrackable: boolean } {
  const href = withoutSafetyTags(written, reading)
    .replace(/[\t\r\n]/g, '')
    .trim();
  if (NOT_PRINTED.test(href)) return { address: '', isTrackable: false };
  const isPersonal = hasPlaceholder(href) || href.includes(MASK);
  const destination = isPersonal ? undefined : destinationOf(href, reading.base);
  if (destination !== undefined) return { address: destination, isTrackable: true };
  return { address: otherAddress(href), isTrackable: false };
}

/** The tag that prints an address in a text part checks it as well. */
function withoutSafetyTags(href: string, { sourceOf }: Reading): string {
  return replacePlaceholders(href, (index, mark) => (SAFETY_TAG.test(sourceOf(index)) ? '' : mark));
}

/** An address with personal values, or of another scheme. Browsers drop line breaks in it and encode blanks. */
function otherAddress(href: string): string {
  const mailbox = /^mailto:([^?]*)/i.exec(href)?.[1];
  if (mailbox !== undefined && mailbox !== '') return decoded(mailbox);
  return href.replaceAll(MASK, '').replace(/ /g, '%20');
}

function decoded(mailbox: string): string {
  try {
    return decodeURIComponent(mailbox);
  } catch {
    return mailbox;
  }
}

function withoutTags(name: string): string {
  return replacePlaceholders(name, () => '');
}

function blockTagsOf(name: string, { sourceOf }: Reading): string {
  let tags = '';
  replacePlaceholders(name, (index, mark) => {
    if (sourceOf(index).startsWith('{%')) tags += mark;
    return mark;
  });
  return tags;
}
