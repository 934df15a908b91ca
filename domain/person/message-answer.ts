import type { MessageAttempt, MessageState } from '../message/message.js';
import { readable } from '../timestamp.js';
import { type Waiting, waitingSentence } from '../waiting/waiting.js';
import { type Answer, type EndedHold, heldWords, laterReports, quoted, type ReportFacts } from './facts.js';

export type MessageAnswer = Answer<MessageState>;

export interface MessageFacts {
  readonly state: MessageState;
  readonly attempts: readonly MessageAttempt[];
  readonly created_at: Date;
  readonly updated_at: Date;
  /** No attempt before this time. */
  readonly due: Date;
  /** When the attempt that is under way last gave a sign of life. */
  readonly seen: Date;
  /** What it waits for now. */
  readonly waiting: Waiting | null;
  /** The last hold before its last attempt. */
  readonly held: EndedHold | null;
  readonly bounced: ReportFacts | null;
  readonly complained: ReportFacts | null;
}

/** Why a message did or did not reach its recipient. `at`: the current time. */
export function messageAnswer(message: MessageFacts, at: Date): MessageAnswer {
  return { code: message.state, sentence: SENTENCES[message.state](message, at) };
}

type Sentence = (message: MessageFacts, at: Date) => string;

const SENTENCES: Readonly<Record<MessageState, Sentence>> = {
  accepted: ({ created_at, due, waiting }, at) => {
    if (due > at) return `Scheduled for ${readable(due)}.`;
    if (waiting !== null) return waitingSentence(waiting);
    return `Waiting: accepted on ${readable(created_at)}, and no attempt has ended yet.`;
  },
  sending: ({ seen, waiting }) => {
    if (waiting !== null) return waitingSentence(waiting);
    return `Being sent: the mail was claimed on ${readable(seen)}, and the reply is awaited.`;
  },
  deferred: (message, at) => {
    const { due, waiting } = message;
    const isOverdue = due <= at && waiting !== null;
    const next = isOverdue ? waitingSentence(waiting) : `The next attempt is due on ${readable(due)}.`;
    return `Deferred${lastAttempt(message)}. ${next}`;
  },
  sent: (message) => `Sent${lastAttempt(message)}.${history(message)}`,
  failed: (message) => `Failed${lastAttempt(message)}.${history(message)}`,
  uncertain: (message) => `Uncertain${lastAttempt(message)}. The mail may have arrived; it is not sent again.`,
  cancelled: ({ updated_at }) => `Cancelled on ${readable(updated_at)}.`,
};

function history({ held, bounced, complained }: MessageFacts): string {
  return `${heldWords('It', held)}${laterReports(bounced, complained)}`;
}

function lastAttempt({ attempts }: MessageFacts): string {
  const last = attempts.at(-1);
  if (last === undefined) return '';
  const { at, outcome, class: why, code, reply } = last;
  const because = outcome === 'sent' && why === 'accepted' ? ', accepted by the mail server' : ` (${why})`;
  return ` on ${readable(new Date(at))}${because}${quoted(reply, code)}`;
}
