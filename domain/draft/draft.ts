import { bannedIn } from '../brand/voice.js';
import { addressesIn, type Block, INLINE_LINK, textsOf } from '../mail/blocks.js';

/** The states of a draft: one version of a campaign's text, written by a language model. */
export const DRAFT_STATES = ['waiting', 'ready', 'failed', 'cancelled'] as const;
export type DraftState = (typeof DRAFT_STATES)[number];

/**
 * Why there is no text: the model refused, its answer was cut off, its answer could not be used; the endpoint refused the
 * request, or could not be reached before the retries ended.
 */
export const DRAFT_REASONS = ['refused', 'truncated', 'unusable', 'rejected', 'unavailable'] as const;
export type DraftReason = (typeof DRAFT_REASONS)[number];

export const DRAFT_SENTENCES: Readonly<Record<DraftReason, string>> = {
  refused: 'The model refused to write it.',
  truncated: 'The text became too long, twice.',
  unusable: 'The text of the model could not be used, twice.',
  rejected: 'The endpoint of the model refused the request.',
  unavailable: 'The model could not be reached.',
};

/** Tokens and price of one call of the model. Recorded for every call, also for one that failed. */
export interface ModelCall {
  readonly model: string;
  readonly outcome: string;
  /** Version of the instructions; equal instructions have the same version. */
  readonly prompt_version: string;
  readonly input_tokens: number;
  readonly cached_tokens: number;
  readonly output_tokens: number;
  /** The endpoint reported no usage: tokens are estimated from characters. */
  readonly estimated: boolean;
  readonly latency_ms: number;
  readonly price_version: string;
  /** Millionths of a US dollar; null where the model has no price here. */
  readonly cost_micros: number | null;
  readonly request_id: string | null;
}

export type Tokens = Pick<ModelCall, 'input_tokens' | 'cached_tokens' | 'output_tokens'>;

/** US dollars for a million tokens: input, cached input, output. A new table is a new version. */
export const PRICE_VERSION = '2026-11';
const PRICES: Readonly<Record<string, readonly [input: number, cached: number, output: number]>> = {
  'gpt-4o': [2.5, 1.25, 10],
  'gpt-4o-mini': [0.15, 0.075, 0.6],
  'gpt-4.1': [2, 0.5, 8],
  'gpt-4.1-mini': [0.4, 0.1, 1.6],
  'gpt-4.1-nano': [0.1, 0.025, 0.4],
  'gpt-5': [1.25, 0.125, 10],
  'gpt-5-mini': [0.25, 0.025, 2],
  'gpt-5-nano': [0.05, 0.005, 0.4],
};

/** A dated name (`gpt-4.1-2025-04-14`) has the price of its family. A dollar per million tokens is a millionth per token. */
export function costOf(model: string, { input_tokens, cached_tokens, output_tokens }: Tokens): number | null {
  const price = PRICES[model.replace(/-\d{4}-\d{2}-\d{2}$/, '')];
  if (price === undefined) return null;
  const [input, cached, output] = price;
  return Math.round((input_tokens - cached_tokens) * input + cached_tokens * cached + output_tokens * output);
}

/** The longest wait in milliseconds that a temporary refusal may request; a draft that would wait longer fails. */
export const LONGEST_WAIT = 20_000;

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
