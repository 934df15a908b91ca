import type { ExceptionFate } from '../../domain/delivery/classify.js';
import { fateOfReport } from '../../domain/delivery/evidence.js';
import { isVague } from '../../domain/delivery/refusal-rules.js';
import { decideForAddress } from '../../domain/delivery/suppression.js';

/** The verb; the month has a capital. */
const MAY = /\bmay\b/;
/** What a help text says of bounces in general is not said of this one. */
const HEDGED =
  /\b(?:might|possibl[ey]|perhaps|probably|usually|typically|for example|such as|if (?:you|the|this|that)|please (?:check|verify|make sure|ensure)|check (?:that|the|whether|for)|typos?|double-?check|make sure|reasons? (?:for|why|include)|one of the following)\b/i;
const REPLY = /(?<![\d.:\w/@-])#?([45][0-5]\d)(?:[- ]|>)(?=\s?[A-Za-z<#(["'[{*:0-9\u0080-\uffff])/g;
const AFTER_BODY = /\bend of data\b/i;
export const AFTER_BODY_NOTE = '(in reply to end of DATA command)';
const MOST_CANDIDATES = 40;
const LONGEST_CANDIDATE = 600;

/** Sentences that give no reason in the words of a server. None of these may suppress an address. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\bgroups\.google\.com\b|\bgoogle groups\b/i, '550 by the policy of the group, or it does not exist'],
];

/**
 * The reason in the text of a report: the replies of servers that it quotes, or else its own sentences. Undefined if no
 * phrase is known. If several reasons are given, one that does not suppress the address counts.
 */
export function reasonIn(lines: readonly string[], isDelay = false): string | undefined {
  const paragraphs = paragraphsOf(lines);
  const form = FORMS.find(([pattern]) => paragraphs.some((paragraph) => pattern.test(paragraph.slice(0, 2_000))));
  if (form !== undefined) return form[1];
  const replies = paragraphs.flatMap(repliesIn).slice(0, MOST_CANDIDATES);
  const known = knownAmong(replies);
  const found = known.length > 0 ? known : knownAmong(paragraphs.flatMap(sentencesIn).slice(0, MOST_CANDIDATES));
  const chosen = found.find(({ fate }) => decideForAddress(fate) !== 'suppress') ?? found[0];
  return chosen?.text ?? (isDelay ? (replies[0] ?? '450 delayed') : undefined);
}

interface KnownReason {
  readonly text: string;
  readonly fate: ExceptionFate;
}

function knownAmong(texts: readonly string[]): KnownReason[] {
  return texts
    .map((text) => ({ text, fate: fateOfReport({ status: null, diagnostic: text }) }))
    .filter(({ fate }) => !isVague(fate));
}

/** Lines up to an empty one belong together; lines that quote a mail are left out. */
function paragraphsOf(lines: readonly string[]): string[] {
  return lines
    .filter((line) => !/^\s*>(?!>)/.test(line))
    .join('\n')
    .split(/\n(?:[ \t]*\n)+/)
    .map((paragraph) => paragraph.replace(/\s+/g, ' ').trim());
}

/** Replies with a code: each up to the next one. */
function repliesIn(paragraph: string): string[] {
  const starts = [...paragraph.matchAll(REPLY)].map(({ index }) => index ?? 0);
  const isAfterBody = /\bafter end of data\b|\bend of data command\b/i.test(paragraph.slice(0, 2_000));
  return starts.map((start, n) => {
    const end = Math.min(starts[n + 1] ?? paragraph.length, start + LONGEST_CANDIDATE);
    const reply = paragraph.slice(start, end).trim();
    return isAfterBody && !AFTER_BODY.test(reply) ? `${reply} ${AFTER_BODY_NOTE}` : reply;
  });
}

function sentencesIn(paragraph: string): string[] {
  const sentences = paragraph.split(/(?<=[.!?;])\s+(?=[A-Z<"'(#])/);
  return sentences
    .filter((sentence) => !HEDGED.test(sentence) && !MAY.test(sentence))
    .map((sentence) => sentence.slice(0, LONGEST_CANDIDATE));
}
