import { bannedIn } from '../brand/voice.js';
import { addressesIn, type Block, INLINE_LINK, textsOf } from '../mail/blocks.js';

/** The text that a model wrote. */
export interface DraftText {
  readonly subject: string;
  readonly preheader: string;
  readonly blocks: readonly Block[];
}

/** The links, words and fields that a draft may use. Any other address or field is a fault. */
export interface DraftRules {
  /** Exact URLs. */
  readonly links: readonly string[];
  /** Text of the account: a draft may repeat the addresses and hosts in it. */
  readonly words: string;
  /** Personal fields. */
  readonly fields: readonly string[];
  readonly banned: readonly string[];
}

/** Faults reported at once. */
const MOST_FAULTS = 12;

/** The faults of a draft, in sentences for the next turn of the model. Empty: the draft may be shown to a person. */
export function faultsOf(draft: DraftText, rules: DraftRules): readonly string[] {
  const texts = [draft.subject, draft.preheader, ...draft.blocks.flatMap(textsOf)];
  const faults = [
    ...texts.flatMap((text) => fieldFaults(text, rules.fields)),
    ...texts.flatMap((text) => markupFaults(text)),
    ...addressesIn(draft.blocks).flatMap((address) => linkFaults(address, rules)),
    ...texts.flatMap((text) => hiddenLinkFaults(text, rules)),
    ...texts.flatMap((text) => bannedIn(text, rules.banned)).map((word) => `Do not use "${word}".`),
  ];
  return [...new Set(faults)].slice(0, MOST_FAULTS);
}

/** `{{ name }}` or `{{ name | default: "words" }}`, and nothing else of Liquid. */
const FIELD = /\{\{-?\s*([\p{L}_][\p{L}\p{N}_]*)\s*(?:\|\s*default:\s*(?:"[^"{}]*"|'[^'{}]*')\s*)?-?\}\}/gu;

function fieldFaults(text: string, known: readonly string[]): string[] {
  const unknown = [...text.matchAll(FIELD)].map(([, name = '']) => name).filter((name) => !known.includes(name));
  const rest = /\{\{.{0,40}|\{%.{0,40}|\}\}|%\}/s.exec(text.replace(FIELD, ''))?.[0];
  return [
    ...unknown.map((name) => `There is no field {{ ${name} }}.`),
    ...(rest === undefined ? [] : [`"${rest}" is neither text nor {{ field | default: "words" }}.`]),
  ];
}

function markupFaults(text: string): string[] {
  const tag = /<[a-z!/?][^>]{0,40}/i.exec(text)?.[0];
  return tag === undefined ? [] : [`"${tag}" is HTML; write plain text.`];
}

function linkFaults(address: string, rules: DraftRules): string[] {
  if (rules.links.includes(address)) return [];
  const mailbox = /^mailto:([^?]+)$/.exec(address)?.[1];
  if (mailbox !== undefined && mentions(rules.words, mailbox)) return [];
  return [`"${address}" is not among the links you may use.`];
}

/** Mail programs turn these into links. */
const ADDRESS_IN_TEXT = /(?:https?:\/\/|www\.)[^\s<>"'()[\]]+/giu;
const MAILBOX_IN_TEXT = /[\p{L}\p{N}._%+-]{1,64}@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/gu;
const HOST_IN_TEXT =
  /(?<![\p{L}\p{N}@.-])(?:[\p{L}\p{N}-]+\.)+(?:com|net|org|info|biz|io|co|me|app|dev|xyz|top|ru|cn|de|eu|uk|br|fr|es|pt|ly|shop|site|online|link|click)(?![\p{L}\p{N}-])(?:\/[^\s<>"'()[\]]*)?/giu;

function hiddenLinkFaults(text: string, { links, words }: DraftRules): string[] {
  // The targets of inline links are checked above; their labels must not look like another address.
  const open = text.replace(INLINE_LINK, ' $1 ');
  const given = [words, ...links].join('\n');
  return [ADDRESS_IN_TEXT, MAILBOX_IN_TEXT, HOST_IN_TEXT]
    .flatMap((pattern) => open.match(pattern) ?? [])
    .map((found) => found.replace(/(?<![.,;:!?…])[.,;:!?…]+$/u, ''))
    .filter((found) => !mentions(given, found))
    .map((found) => `"${found}" is not an address from the request.`);
}

function mentions(words: string, address: string): boolean {
  return words.toLowerCase().includes(address.toLowerCase());
}

/** The web addresses in a text of the account. */
export function linksIn(text: string): readonly string[] {
  const found = text.match(/https?:\/\/[^\s<>"'`()[\]{}]+/giu) ?? [];
  return [...new Set(found.map((address) => address.replace(/(?<![.,;:!?…])[.,;:!?…]+$/u, '')))];
}
