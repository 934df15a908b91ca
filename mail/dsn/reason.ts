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
const AFTER_RCPT_NOTE = '(in reply to end of DATA command)';
const NOTED = /\bend of data\b/i;
const MOST_CANDIDATES = 40;
const LONGEST_CANDIDATE = 600;

/** Sentences that give no reason in the words of a server. None of these may suppress an address. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\bgroups\.google\.com\b|\bgoogle groups\b/i, '550 by the policy of the group, or it does not exist'],
];

/** Classes that say that the mailbox exists, or that its server cannot know. */
const MAILBOX_STATES = ['mailbox_full', 'mailbox_disabled', 'recipient_filtered', 'recipient_busy', 'system_full'];

/**
 * The reason in the text of a report: the replies of servers that it quotes, or else its own sentences. Undefined if no
 * phrase is known. If several reasons are given, one that does not suppress the address counts.
 */
export function reasonIn(lines: readonly string[], isDelay = false): string | undefined {
  const paragraphs = paragraphsOf(lines);
  const form = FORMS.find(([pattern]) => paragraphs.some((paragraph) => pattern.test(paragraph.slice(0, 2_000))));
  if (form !== undefined) return form[1];
  const isAfterRcpt = isRefusedAfterRcpt(lines);
  const replies = paragraphs
    .flatMap(repliesIn)
    .slice(0, MOST_CANDIDATES)
    .map((reply) => (isAfterRcpt ? withStage(reply) : reply));
  const known = knownAmong(replies);
  const found = known.length > 0 ? known : ownWords(paragraphs);
  const milder = found.find(({ fate }) => decideForAddress(fate) !== 'suppress')?.text ?? mailboxStateIn(lines);
  return milder ?? found[0]?.text ?? (isDelay ? (replies[0] ?? '450 delayed') : undefined);
}

/** The sentence of a report that says that the mailbox is full, disabled or the like: then it is not unknown. */
export function mailboxStateIn(lines: readonly string[]): string | undefined {
  return ownWords(paragraphsOf(lines)).find(({ fate }) => MAILBOX_STATES.includes(fate.class))?.text;
}

function ownWords(paragraphs: readonly string[]): KnownReason[] {
  return knownAmong(paragraphs.flatMap(sentencesIn).slice(0, MOST_CANDIDATES));
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
  return starts.map((start, n) => {
    const end = Math.min(starts[n + 1] ?? paragraph.length, start + LONGEST_CANDIDATE);
    return paragraph.slice(start, end).trim();
  });
}

function sentencesIn(paragraph: string): string[] {
  const sentences = paragraph.split(/(?<=[.!?;])\s+(?=[A-Z<"'(#])/);
  return sentences
    .filter((sentence) => !HEDGED.test(sentence) && !MAY.test(sentence))
    .map((sentence) => sentence.slice(0, LONGEST_CANDIDATE));
}

/** The reply, with the stage as Postfix writes it. */
export function withStage(reply: string): string {
  return NOTED.test(reply) ? reply : `${reply} ${AFTER_RCPT_NOTE}`;
}

/**
 * Whether the server accepted the recipient and refused DATA or the body. Exim and Postfix say so, Sendmail shows the
 * dialogue, m-FILTER names the command.
 */
export function isRefusedAfterRcpt(lines: readonly string[]): boolean {
  return (
    lines.some((line, at) => {
      const next = lines[at + 1]?.trim() ?? '';
      if (/\bsmtp command\W{0,20}$/i.test(line)) return /^DATA\b/i.test(next);
      return /\b(?:after|in reply to) (?:pipelined )?end of data\b/i.test(`${line.trimEnd()} ${next}`);
    }) || isRefusedInDialogue(lines)
  );
}

function isRefusedInDialogue(lines: readonly string[]): boolean {
  const data = lines.findIndex((line) => /^>>> (?:DATA|\.)\s*$/.test(line));
  return data >= 0 && lines.slice(data + 1, data + 3).some((line) => /^<<< 5(?!03)\d\d/.test(line));
}
