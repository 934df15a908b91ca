import { randomUUID } from 'node:crypto';
import { monotonic, now } from '../../clock.js';
import { BAD_DOMAIN, type BadDomainMemory, domainOf, memoryMeans, REMEMBERED } from '../../domain/bad-domain.js';
import { fateOf } from '../../domain/classify.js';
import { FINAL_STATES, type MessageState } from '../../domain/message.js';
import {
  type MessageStep,
  stepAfter,
  stepOfEvidence,
  stepOfLostOwner,
  stepOfRefusal,
  stepOfWaiting,
} from '../../domain/message-step.js';
import { namedDelay } from '../../domain/named-delay.js';
import type { Outcome } from '../../domain/outcome.js';
import { retryWait } from '../../domain/retry.js';
import { shortReply } from '../../domain/scrub.js';
import type { SplicedMail, Unrenderable } from '../../mail/letter.js';
import type { Transport } from '../../mail/transport.js';
import type { Messages } from '../../store/messages.js';
import type { Message } from '../../store/messages-row.js';
import type { OptOuts } from '../../store/opt-outs.js';
import type { Suppressions } from '../../store/suppressions.js';
import { type MessageOwnerDeps, ownMessage } from './owner.js';
import type { TellMessage, UnderWay } from './telling.js';
import type { turns } from './turns.js';

/** Where mails of an account leave. */
export type WayOut = Pick<Transport, 'connections' | 'ready' | 'deliver'>;

export interface MessageAttemptDeps extends MessageOwnerDeps {
  readonly messages: Pick<Messages, 'find' | 'lookAgain'>;
  readonly suppressions: Pick<Suppressions, 'among' | 'badAmong'>;
  readonly optOuts: Pick<OptOuts, 'among'>;
  readonly transportsFor: (account: number, use: 'transactional') => WayOut;
  readonly messageMail: (row: Message) => Promise<SplicedMail | Unrenderable>;
  readonly tell: TellMessage;
  readonly tellAccepted: TellMessage;
  readonly underWay: UnderWay;
  readonly turn: ReturnType<typeof turns>;
  /** SIGTERM: claim no more. */
  readonly stopping: AbortSignal;
  /** The drain limit: whatever has not begun stays with us. */
  readonly unqueue: AbortSignal;
}

/** How things stand with a message after somebody has looked after it. */
export type MessageStanding =
  | { readonly kind: 'final'; readonly state: MessageState | 'gone' }
  /** Nothing to do before then; ISO 8601. */
  | { readonly kind: 'waiting'; readonly until: string }
  /** Somebody else has it, or it changed under our hands: look again after so many milliseconds. */
  | { readonly kind: 'busy'; readonly wait: number }
  | { readonly kind: 'transport_down' };

const SOON = 250;

/** Looks after one message: decides what needs no sending, else makes one attempt under a claim and settles it. */
export function messageAttempts(deps: MessageAttemptDeps) {
  const tellAndReport = async (row: Message | null): Promise<MessageStanding> => {
    if (row === null) return { kind: 'busy', wait: SOON };
    await deps.tell(row);
    return standingOf(row);
  };

  return async (account: number, id: string): Promise<MessageStanding> => {
    const row = await deps.messages.find(account, id);
    if (row === null) return { kind: 'final', state: 'gone' };
    if (FINAL_STATES.includes(row.state)) return tellAndReport(row);
    if (row.state === 'sending') return overtake(deps, row, tellAndReport);
    if (row.expires_at <= now()) {
      const expired = stepOfRefusal({ n: row.attempt, at: now(), inDoubt: row.resent }, EXPIRED);
      return tellAndReport(await deps.progress.expire(row, expired));
    }
    if (row.due > now()) {
      await deps.tellAccepted(row);
      await deps.messages.lookAgain(row, new Date(row.due.getTime() + deps.times.lease));
      return standingOf(row);
    }
    return attempt(deps, row, tellAndReport);
  };
}

type Report = (row: Message | null) => Promise<MessageStanding>;

const EXPIRED = { class: 'expired', code: null, reply: null } as const;
const SUPPRESSED = { class: 'suppressed', code: null, reply: null } as const;

/** Whoever had it may be gone. Where it lives, a quarter of its lease later is soon enough to ask again. */
async function overtake(
  { progress, times }: MessageAttemptDeps,
  row: Message,
  report: Report,
): Promise<MessageStanding> {
  const step = lostOwnerStep(row, times.resendAfter);
  const overtaken = await progress.overtake(row, step);
  return overtaken === null ? { kind: 'busy', wait: times.lease / 4 } : report(overtaken);
}

export function lostOwnerStep(row: Message, resendAfter: number): MessageStep {
  return stepOfLostOwner({ n: row.attempt, at: now(), mayResend: mayResend(row) }, resendAfter);
}

/** Attempts, and lets it be known meanwhile that the message was accepted, should the attempt take its time. */
function attempt(deps: MessageAttemptDeps, row: Message, report: Report): Promise<MessageStanding> {
  return attempted(deps, row, report).finally(deps.underWay(row));
}

async function attempted(deps: MessageAttemptDeps, row: Message, report: Report): Promise<MessageStanding> {
  const way = deps.transportsFor(row.account, 'transactional');
  const [instead, mail, trouble] = await Promise.all([insteadOfSending(deps, row), deps.messageMail(row), way.ready()]);
  if (instead !== undefined) return report(await take(deps, row, instead));
  if (mail.kind === 'unrenderable')
    return report(await take(deps, row, refusalOf(row, { ...mail, reply: mail.reason })));
  if (trouble !== undefined) {
    await deps.tellAccepted(row);
    return { kind: 'transport_down' };
  }
  const ready = { way, mail, lookedAt: monotonic() };
  const sent = await deps.turn(
    String(row.account),
    () => way.connections,
    () => send(deps, row, ready),
  );
  // The row says it: how our attempt ended, or what somebody else has made of it.
  return sent ? report(await deps.messages.find(row.account, row._id)) : { kind: 'busy', wait: SOON };
}

interface Ready {
  readonly way: WayOut;
  readonly mail: SplicedMail;
  readonly lookedAt: number;
}

/** Claims, hands over and settles, or refuses; false where nothing was done. */
async function send(deps: MessageAttemptDeps, row: Message, { way, mail, lookedAt }: Ready): Promise<boolean> {
  if (deps.stopping.aborted) return false;
  // Whoever waited long for a turn looks again, and keeps it: a line that sends its first ones back never gets shorter.
  const instead = monotonic() - lookedAt > deps.times.freshness ? await insteadOfSending(deps, row) : undefined;
  if (instead !== undefined) return (await take(deps, row, instead)) !== null;
  const token = randomUUID();
  const owner = await ownMessage(deps, row, token);
  if (owner === undefined) return false;
  const outcome = await way
    .deliver(mail, { mayBegin: owner.trusted, signal: deps.unqueue })
    // A bug of ours on the way: nobody knows how far the mail came.
    .catch((error): Outcome => ({ kind: 'uncertain', why: { stage: 'body', what: shortReply(String(error)) } }));
  const step = stepOf(outcome, row, deps.times.firstRetry);
  const verdict = await owner.settle(step).finally(owner.abandon);
  if (verdict === 'lost') await offerEvidence(deps, row, token, step);
  return true;
}

/** What becomes of a message that must not be sent, or not yet; undefined where it may be. */
async function insteadOfSending(deps: MessageAttemptDeps, row: Message): Promise<MessageStep | undefined> {
  const { suppressions, optOuts, times } = deps;
  const { account, to_key, leaves_key } = row;
  const domain = domainOf(to_key);
  const [barred, left, bad] = await Promise.all([
    suppressions.among(account, [to_key]),
    leaves_key === undefined ? new Set<string>() : optOuts.among(account, leaves_key, [to_key]),
    suppressions.badAmong(account, [domain]),
  ]);
  if (barred.size > 0 || left.size > 0) return refusalOf(row, SUPPRESSED);
  const memory = bad.get(domain);
  return memory === undefined ? undefined : stepOfMemory(row, memory, times.firstRetry);
}

/** A re-send asks for itself: the doubt about the attempt before it must stay where evidence finds it. */
function stepOfMemory(row: Message, memory: BadDomainMemory, firstRetry: number): MessageStep | undefined {
  const waited = row.attempts.find(({ rule }) => rule === REMEMBERED);
  const meaning = memoryMeans(memory, waited && new Date(waited.at));
  if (meaning === 'ask' || row.resent) return undefined;
  const why = { class: BAD_DOMAIN, code: null, reply: memory.reply, rule: REMEMBERED };
  if (meaning === 'failed') return refusalOf(row, why);
  return stepOfWaiting({ n: row.attempt + 1, at: now() }, why, retryWait(1, Math.random(), firstRetry));
}

function refusalOf(row: Message, why: Parameters<typeof stepOfRefusal>[1]): MessageStep {
  return stepOfRefusal({ n: row.attempt + 1, at: now(), inDoubt: row.resent }, why);
}

function take({ progress }: MessageAttemptDeps, row: Message, step: MessageStep): Promise<Message | null> {
  return step.state === 'deferred' ? progress.postpone(row, step) : progress.refuse(row, step);
}

function stepOf(outcome: Outcome, row: Message, firstRetry: number): MessageStep {
  return stepAfter(fateOf(outcome), {
    n: row.attempt + 1,
    at: now(),
    mayResend: mayResend(row),
    inDoubt: row.resent,
    asked: outcome.kind === 'refused' ? namedDelay(outcome.reply.text) : undefined,
    firstRetry,
    chance: Math.random(),
  });
}

/** Somebody has declared our attempt in doubt meanwhile; what we know settles it, where nobody has gone on from there. */
async function offerEvidence(
  { progress }: MessageAttemptDeps,
  { account, _id }: Message,
  token: string,
  { state, entry }: MessageStep,
): Promise<void> {
  if (state !== 'sent' && state !== 'failed') return;
  const at = new Date(entry.at);
  await progress.late(account, _id, stepOfEvidence({ n: entry.n, at }, state, entry), token);
}

function mayResend({ resend_if_uncertain, resent }: Message): boolean {
  return resend_if_uncertain && !resent;
}

function standingOf(row: Message): MessageStanding {
  if (FINAL_STATES.includes(row.state)) return { kind: 'final', state: row.state };
  if (row.state === 'sending') return { kind: 'busy', wait: SOON };
  const until = Math.min(row.due.getTime(), row.expires_at.getTime());
  return { kind: 'waiting', until: new Date(until).toISOString() };
}
