import { type Address, parseMailbox, parseSender } from './address.js';
import { nameRule } from './sender-mailbox.js';

/** One address in a cell of a file, and the name that stands beside it. */
export interface CellAddress extends Address {
  /** Empty if there is none, or if a sender may not have such a name: another address, or text that reads otherwise. */
  readonly name: string;
  /** The cell is the address and nothing else. */
  readonly isBare: boolean;
}

/** Zero-width characters that are copied along with addresses. */
const INVISIBLE = /[\u200b-\u200f\u2060\ufeff]/g;
const MAILTO = /^mailto:([^?]+)(?:\?.*)?$/i;
/** Characters of an address with a name and the marks of any form. */
const LONGEST_ADDRESS_CELL = 1_000;
/** Forms beside `Name <address>` in which programs write a name and an address, or a link. */
const FORMS: readonly RegExp[] = [
  /^\[(?<name>[^\][]*)\]\((?<address>mailto:[^\s()]+)\)$/i,
  /^(?<name>[^[\]<>]*)\[(?<address>[^\][<>\s]+)\]$/,
  /^(?<address>[^\s()<>]+)\s+\((?<name>[^()]*)\)$/,
  /^(?<name>[^()<>]*)\((?<address>[^\s()<>]+)\)$/,
];

/**
 * Reads a cell with one address: bare, `mailto:address`, `Name <address>`, or as Outlook, older mail programs and Markdown
 * write it. Undefined for two addresses and for text without one.
 */
export function parseAddressCell(text: string): CellAddress | undefined {
  if (text.length > LONGEST_ADDRESS_CELL) return undefined;
  const cell = text.replace(INVISIBLE, '').trim();
  const bare = parseMailbox(cell);
  if (bare !== undefined) return { ...bare, name: '', isBare: true };
  const clean = unquoted(cell.replace(/[\s,;]+$/, ''));
  const { name, address } = partsOf(clean);
  const found = parseMailbox(unquoted(withoutMailto(address)));
  if (found === undefined) return undefined;
  return { ...found, name: nameBeside(name, found), isBare: false };
}

function partsOf(cell: string): { readonly name: string; readonly address: string } {
  const angle = /^([^<>]*)<(?:mailto:)?([^<>]+)>$/i.exec(cell);
  if (angle !== null) {
    const sender = parseSender(`${angle[1]}<${withoutMailto(angle[2] ?? '')}>`);
    return { name: sender?.name ?? '', address: sender?.email ?? '' };
  }
  const { name = '', address = cell } = FORMS.map((form) => form.exec(cell)?.groups).find(Boolean) ?? {};
  return { name, address };
}

function withoutMailto(text: string): string {
  const address = MAILTO.exec(text.trim())?.[1];
  if (address === undefined) return text.trim();
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

/** Outlook puts names and addresses into single quotes. */
function unquoted(text: string): string {
  return /^'[^']*'$/.test(text) || /^"[^"]*"$/.test(text) ? text.slice(1, -1).trim() : text;
}

function nameBeside(written: string, { identity }: Address): string {
  const name = unquoted(written.trim());
  return parseMailbox(name) !== undefined || nameRule(name, identity) !== undefined ? '' : name;
}
