import { MASK } from '../../liquid/mask-liquid.js';
import { hasPlaceholder, replacePlaceholders } from '../../liquid/placeholders.js';
import { destinationOf } from '../links/destination.js';

/** The link of an element as a text part prints it. */
export interface PrintedLink {
  /** Empty: nothing that a reader could open. */
  readonly address: string;
  /** The same, with marks around an address that can be tracked. */
  readonly shown: string;
}

interface Reading {
  /** The address that relative ones are relative to. */
  readonly base: string | undefined;
  /** The Liquid behind a placeholder. */
  readonly sourceOf: (index: string) => string;
  readonly marked: (address: string) => string;
}

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
  return hasHref ? { address, shown } : { address: '', shown: '' };
}

/** Whether a label is the address itself, so that it need not be printed twice. */
export function isLabelOf(label: string, { address }: PrintedLink): boolean {
  const words = label.replace(/\s+/g, '');
  return words === address || (words !== '' && destinationOf(words) === address);
}

/** The address in delimiters that cannot be taken for a part of it (RFC 3986, appendix C). */
export function delimited({ address, shown }: PrintedLink): string {
  return parenthesesBalance(address) && !/[.,;:!?]$/.test(address) ? `(${shown})` : `<${shown}>`;
}

function parenthesesBalance(address: string): boolean {
  let depth = 0;
  for (const char of address) {
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

function addressOf(written: string, { base }: Reading): { readonly address: string; readonly isTrackable: boolean } {
  const href = written.replace(/[\t\r\n]/g, '').trim();
  if (NOT_PRINTED.test(href)) return { address: '', isTrackable: false };
  const isPersonal = hasPlaceholder(href) || href.includes(MASK);
  const destination = isPersonal ? undefined : destinationOf(href, base);
  if (destination !== undefined) return { address: destination, isTrackable: true };
  return { address: otherAddress(href), isTrackable: false };
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
