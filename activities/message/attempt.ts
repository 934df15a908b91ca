import { later, monotonic, now } from '../../clock.js';
import { fateOf } from '../../domain/delivery/classify.js';
import type { Outcome } from '../../domain/delivery/outcome.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { requestedDelay } from '../../domain/delivery/requested-delay.js';
import { shortReply } from '../../domain/delivery/scrub.js';
import { FINAL_STATES } from '../../domain/message/message.js';
import { type MessageStep, stepAfter, stepOfLostOwner, stepOfRefusal } from '../../domain/message/step.js';
import type { SplicedMail, Unrenderable } from '../../mail/letter/letter.js';
import type { FailoverTransport } from '../../mail/transports/failover.js';
import { settleMessage } from '../../services/evidence.js';
import type { Messages } from '../../store/messages/messages.js';
import { nextSweepAt } from '../../store/messages/progress.js';
import type { Message } from '../../store/messages/row.js';
import { inSpan, type SpanOptions } from '../../tracing/spans.js';
import { type MessageOwnerDeps, ownMessage } from './owner.js';
import { type PreSendDeps, preSendCheck, refusalOf } from './pre-send-check.js';
import type { PublishHeld, PublishMessage, TrackAttempt } from './publishing.js';
import type { SendWindows } from './send-window.js';
import { downUntil, type MessageStatus, RETRY_SOON_MS, statusOf } from './status.js';

/** The transport of an account. */
type OutgoingTransport = Pick<FailoverTransport, 'pool' | 'ready' | 'pay' | 'deliver' | 'retryAt'>;

export interface MessageAttemptDeps extends MessageOwnerDeps, PreSendDeps {
  readonly times: ProtocolTimes;
  readonly messages: Pick<Messages, 'find' | 'sweepAgain'>;
  readonly transportsFor: (account: number, use: 'transactional') => OutgoingTransport;
  readonly messageMail: (row: Message) => Promise<SplicedMail | Unrenderable>;
  readonly publish: PublishMessage;
  readonly publishAccepted: PublishMessage;
  readonly publishHeld: PublishHeld;
  readonly trackAttempt: TrackAttempt;
  readonly windows: SendWindows;
  /** A random token that names this process as the owner. */
  readonly newToken: () => string;
  /** SIGTERM: claim no more. */
  readonly stopping: AbortSignal;
  /** The drain limit: no further handover begins. */
  readonly drained: AbortSignal;
}

/** Processes one message: settles it if it must not be sent, else makes one attempt under a claim and settles that. */
export function messageAttempts(deps: MessageAttemptDeps) {
  const publishAndReport = async (row: Message | null): Promise<MessageStatus> => {
    if (row === null) return { kind: 'busy', wait: RETRY_SOON_MS };
    await deps.publish(row);
    return statusOf(row);
  };

  return async (account: number, id: string): Promise<MessageStatus> => {
    const row = await deps.messages.find(account, id);
    if (row === null) return { kind: 'final', state: 'gone' };
    if (FINAL_STATES.includes(row.state)) return publishAndReport(row);
    if (row.state === 'sending') return overtake(deps, row, publishAndReport);
    if (row.expires_at <= now()) {
      const expired = stepOfRefusal({ n: row.attempt, at: now(), inDoubt: row.resent }, EXPIRED);
      return publishAndReport(await deps.messageProgress.expire(row, expired));
    }
    if (row.due > now()) {
      await deps.publishAccepted(row);
      await deps.messages.sweepAgain(row, new Date(row.due.getTime() + deps.times.lease));
      return statusOf(row);
    }
    return attempt(deps, row, publishAndReport);
  };
}

type ReportStatus = (row: Message | null) => Promise<MessageStatus>;

const EXPIRED = { class: 'expired', code: null, reply: null } as const;

/** Takes over from an owner whose lease has expired. A live owner is checked again after a quarter of its lease. */
async function overtake(
  { messageProgress, times }: MessageAttemptDeps,
  row: Message,
  report: ReportStatus,
): Promise<MessageStatus> {
  const step = lostOwnerStep(row, times.resendAfter);
  const overtaken = await messageProgress.takeOver(row, step);
  return overtaken === null ? { kind: 'busy', wait: times.lease / 4 } : report(overtaken);
}

export function lostOwnerStep(row: Message, resendAfter: number): MessageStep {
  return stepOfLostOwner({ n: row.attempt, at: now(), mayResend: mayResend(row) }, resendAfter);
}

/** One attempt. If it takes long, the acceptance of the message is published meanwhile. */
function attempt(deps: MessageAttemptDeps, row: Message, report: ReportStatus): Promise<MessageStatus> {
  return attempted(deps, row, report).finally(deps.trackAttempt(row));
}

async function attempted(deps: MessageAttemptDeps, row: Message, report: ReportStatus): Promise<MessageStatus> {
  const transport = deps.transportsFor(row.account, 'transactional');
  const [blocked, trouble] = await Promise.all([preSendCheck(deps, row), transport.ready()]);
  const connections = transport.pool();
  if (blocked !== undefined) return report(await recordStep(deps, row, blocked));
  if (trouble !== undefined || connections === undefined) {
    await deps.publishHeld(row, { reason: 'transport', detail: trouble?.what ?? null });
    return downUntil(transport.retryAt());
  }
  const checkedAt = monotonic();
  // Before the slot: an account that waits for its own rate must not hold the connections that it shares with others.
  const paid = await transport.pay(deps.stopping);
  // No token in time: it waits as for a transport that is down, and holds no connection meanwhile.
  if (paid === undefined) {
    if (deps.stopping.aborted) return report(null);
    await deps.publishHeld(row, { reason: 'rate', detail: null });
    return downUntil(later(RATE_WAIT_MS), 'rate_limited');
  }
  const after = await deps.windows.run(
    connections,
    placeOf(row),
    async (claim): Promise<Message | 'transport_down' | null> => {
      if (deps.stopping.aborted) return null;
      const mail = await deps.messageMail(row);
      if (mail.kind === 'unrenderable') return recordStep(deps, row, refusalOf(row, { ...mail, reply: mail.reason }));
      return claim(() => send(deps, row, { transport, mail, paid, checkedAt }));
    },
  );
  return after === 'transport_down' ? downUntil(transport.retryAt()) : report(after);
}

/** Milliseconds after which a message that got no rate token asks again. */
const RATE_WAIT_MS = 1_000;

/** Encoding makes a mail longer than its content; a small content has no size in its row. */
function placeOf({ account, content_bytes = SMALL_CONTENT }: Message) {
  return { account, bytes: Math.ceil(content_bytes * 1.4) };
}

const SMALL_CONTENT = 16_384;

/** The span belongs to the request of the message, whichever messages share its workflow. */
function spanOf({ _id, account, attempt: n, traceparent }: Message): SpanOptions {
  const attributes = { 'everpost.message': _id, 'everpost.account': account, 'everpost.attempt': n + 1 };
  return { attributes, traceparent };
}

function attributesOf({ kind }: Outcome) {
  return { 'everpost.outcome': kind };
}

interface Ready {
  readonly transport: OutgoingTransport;
  readonly mail: SplicedMail;
  readonly paid: string | undefined;
  readonly checkedAt: number;
}

/** Claims, hands over and settles, or refuses. Returns the row afterwards; null: another process has changed it. */
async function send(
  deps: MessageAttemptDeps,
  row: Message,
  { transport, mail, paid, checkedAt }: Ready,
): Promise<Message | 'transport_down' | null> {
  if (deps.stopping.aborted) return null;
  // After a long wait for a connection the checks are repeated; the message keeps its place in the queue.
  if (monotonic() - checkedAt > deps.times.freshness) {
    const [blocked, trouble] = await Promise.all([preSendCheck(deps, row), transport.ready()]);
    if (blocked !== undefined) return recordStep(deps, row, blocked);
    if (trouble !== undefined) return 'transport_down';
  }
  const token = deps.newToken();
  const owner = await ownMessage(deps, row, token);
  if (owner === undefined) return null;
  const handover = {
    mayBegin: owner.trusted,
    signal: deps.drained,
    paid,
    share: { account: row.account, campaign: 0 },
  };
  const outcome = await inSpan('SMTP', spanOf(row), () => transport.deliver(mail, handover), attributesOf)
    // A defect during the handover: it is unknown how much of the mail was sent.
    .catch((error): Outcome => ({ kind: 'uncertain', why: { stage: 'body', what: shortReply(String(error)) } }));
  const step = stepOf(outcome, row, deps.times.firstRetry);
  const sweepAt = nextSweepAt(step, deps.times.lease);
  const verdict = await owner.settle(step, sweepAt).finally(owner.abandon);
  // What was written is known; a message that was sent does not change until its events are published.
  if (verdict === 'done' && step.state === 'sent') return sentRow(row, step, sweepAt);
  if (verdict === 'lost') await offerEvidence(deps, row, token, step);
  return deps.messages.find(row.account, row._id);
}

function sentRow(row: Message, { state, entry }: MessageStep, sweep_at: Date): Message {
  return { ...row, state, attempt: row.attempt + 1, token: null, attempts: [...row.attempts, entry], sweep_at };
}

function recordStep({ messageProgress }: MessageAttemptDeps, row: Message, step: MessageStep): Promise<Message | null> {
  return step.state === 'deferred' ? messageProgress.postpone(row, step) : messageProgress.refuse(row, step);
}

function stepOf(outcome: Outcome, row: Message, firstRetry: number): MessageStep {
  return stepAfter(fateOf(outcome), {
    n: row.attempt + 1,
    at: now(),
    mayResend: mayResend(row),
    inDoubt: row.resent,
    requestedDelay: delayAfter(outcome),
    firstRetry,
    chance: Math.random(),
  });
}

/** A mail that was not tried is due at once. */
function delayAfter(outcome: Outcome): number | undefined {
  if (outcome.kind === 'refused') return requestedDelay(outcome.reply.text);
  return outcome.kind === 'not_handed_over' && outcome.untried ? 0 : undefined;
}

/** Another process declared this attempt uncertain; its outcome settles that, unless a re-send has begun. */
async function offerEvidence(
  deps: MessageAttemptDeps,
  row: Message,
  token: string,
  { state, entry }: MessageStep,
): Promise<void> {
  if (state !== 'sent' && state !== 'failed') return;
  const evidence = { ...entry, kind: state, attempt: entry.n, at: new Date(entry.at) };
  await settleMessage(deps, row, evidence, token);
}

function mayResend({ resend_if_uncertain, resent }: Message): boolean {
  return resend_if_uncertain && !resent;
}
