import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { now } from '../../../clock.js';
import { Failure } from '../../../domain/errors.js';
import type { MessageContent } from '../../../domain/message.js';
import { planOf } from '../../../domain/plan.js';
import { newMessageRow } from '../../../store/message/new-row.js';
import type { Message } from '../../../store/messages-row.js';
import type { Deps } from '../../deps.js';
import { canonical } from '../../idempotency.js';
import { demandMails } from '../../quotas.js';
import type { MessageRequest } from '../../schemas/message.js';
import { timeToCome } from '../campaigns/fields.js';
import { isByTemplate, type Said, saidByTemplate } from './by-template.js';
import { type ReadContent, readContent, saidItself } from './content.js';
import { everybody, type Named } from './copies.js';
import { demandVerified } from './senders.js';
import type { Wish } from './wish.js';

export interface Accepted {
  /** The primary message first. */
  readonly group: readonly Message[];
  /** It had been accepted before, and this request did nothing. */
  readonly known: boolean;
}

/** How long a message is tried where nobody says. */
const TIME_TO_LIVE = 24 * 3_600_000;
const LONGEST_LIFE = 30 * 24 * 3_600_000;
const HOUR = 3_600_000;

/** Row first, workflow behind it. Throws the Failure by name where the request is refused; then nothing was stored. */
export async function acceptMessage(deps: Deps, request: MessageRequest, wish: Wish): Promise<Accepted> {
  const hash = digest(canonical(request));
  try {
    return await newlyAccepted(deps, request, wish, hash);
  } catch (error) {
    // What was accepted once stays accepted, although the same request might be refused today.
    const earlier = error instanceof Failure ? await earlierUnder(deps, wish, hash) : undefined;
    if (earlier === undefined) throw error;
    return earlier;
  }
}

async function newlyAccepted(deps: Deps, request: MessageRequest, wish: Wish, hash: string): Promise<Accepted> {
  const { account } = wish;
  const times = timesOf(request);
  const reached = await reachable(deps, wish, request);
  const said = isByTemplate(request) ? await saidByTemplate(deps, account, request, reached) : saidItself(request);
  const read = await readContent(deps, wish, request, said, reached);
  await demandVerified(deps, account, read.fromDomain);
  const repeat = wish.key === undefined && wish.detectRepeats ? await repeatOf(deps, account, read.content) : undefined;
  if (repeat?.earlier !== undefined)
    return { group: await deps.messages.ofGroup(account, repeat.earlier), known: true };
  const ids = reached.map(() => uuidv7());
  // Before anything is kept: what is refused for its quota leaves no words and no files.
  const counts = await demandMails(deps, account, planOf({ plan: wish.plan ?? null }), ids);
  const [content, number] = await Promise.all([
    keep(deps, account, read),
    deps.counters.block('messages', reached.length),
  ]);
  const promise = repeat ?? { hash, ...(wish.key !== undefined && { key: wish.key }) };
  const group = rowsFor({ wish, number, request, said, read, content, reached, ids, times, counts, ...promise });
  return settled(deps, wish, group);
}

async function settled(deps: Deps, wish: Wish, group: readonly Message[]): Promise<Accepted> {
  const verdict = await deps.messages.accept(group);
  if (verdict.kind !== 'accepted' && verdict.kind !== 'unknown') await deps.messageQuota.giveBack(group);
  if (verdict.kind === 'key_reused' && wish.firstWins) return firstOf(deps, wish);
  if (verdict.kind === 'key_reused') throw new Failure('idempotency_key_reused');
  if (verdict.kind === 'unknown') throw inDoubt(verdict.id);
  const known = verdict.kind === 'known';
  const rows = known ? await deps.messages.ofGroup(wish.account, verdict.id) : group;
  if (!known) for (const row of rows) deps.engine.wakeMessage(row);
  return { group: rows, known };
}

function inDoubt(id: string): Failure {
  const sentence = `Nobody can say now whether this message was accepted; if it was, GET /messages/${id} will show it.`;
  return new Failure('unavailable', undefined, sentence);
}

async function earlierUnder(
  { messages }: Deps,
  { account, key, firstWins }: Wish,
  hash: string,
): Promise<Accepted | undefined> {
  const row = key === undefined ? null : await messages.underKey(account, key);
  return row !== null && (firstWins || row.hash === hash)
    ? { group: await messages.ofGroup(account, row._id), known: true }
    : undefined;
}

async function firstOf(deps: Deps, wish: Wish): Promise<Accepted> {
  const earlier = await earlierUnder(deps, wish, '');
  if (earlier === undefined) throw new Failure('idempotency_key_reused');
  return earlier;
}

/** Whom mails may go to: each address once, none that is suppressed. The primary recipient must be among them. */
async function reachable(deps: Deps, { account, leavesKey }: Wish, request: MessageRequest): Promise<readonly Named[]> {
  const named = everybody(request);
  if (named[0].address === undefined) {
    throw new Failure('validation_failed', { to: ['The to must be an address that mail can be sent to.'] });
  }
  const keys = named.flatMap(({ address }) => address?.identity ?? []);
  const [suppressed, left] = await Promise.all([
    deps.suppressions.among(account, keys),
    leavesKey === undefined ? new Set<string>() : deps.optOuts.among(account, leavesKey, keys),
  ]);
  if (suppressed.has(named[0].address.identity)) throw new Failure('recipient_suppressed');
  if (left.has(named[0].address.identity)) throw new Failure('recipient_opted_out');
  const may = (key: string) => !suppressed.has(key) && !left.has(key);
  return named.filter(({ address, repeated }) => address && !repeated && may(address.identity));
}

interface Times {
  readonly scheduled: Date | undefined;
  readonly expires: Date;
}

function timesOf({ scheduled_at, expires_at }: MessageRequest): Times {
  const scheduled = scheduled_at == null ? undefined : timeToCome(scheduled_at);
  const begins = scheduled ?? now();
  const expires = expires_at == null ? new Date(begins.getTime() + TIME_TO_LIVE) : new Date(expires_at);
  const after = expires.getTime() - begins.getTime();
  if (after > 0 && after <= LONGEST_LIFE) return { scheduled, expires };
  const sentence = 'The expires_at must be after the sending time, by at most 30 days.';
  throw new Failure('validation_failed', { expires_at: [sentence] });
}

/** An equal mail of the last hour, or else the key under which only one of several equal requests at once is accepted. */
async function repeatOf({ messages }: Deps, account: number, { from, to, ...said }: MessageContent) {
  const { subject, html, text, attachments } = said;
  const hash = digest(canonical(['repeat', from.email, to.email.toLowerCase(), subject, html, text, attachments]));
  const last = await messages.latestLike(account, hash);
  const stands = last !== null && !['cancelled', 'failed'].includes(last.state);
  const recent = stands && last.created_at.getTime() > now().getTime() - HOUR;
  // No caller's key has a blank in it.
  return { hash, key: `repeat ${hash} ${last?._id ?? ''}`, earlier: recent ? last._id : undefined };
}

/** Files and words before the row that names them. */
async function keep({ contents }: Deps, account: number, { content, files }: ReadContent): Promise<string> {
  for (const { ref, bytes } of files) await contents.keepFile(account, ref.sha256, bytes);
  return contents.keep(account, content);
}

interface Rows {
  readonly wish: Wish;
  /** Of the first row; the others follow. */
  readonly number: number;
  readonly request: MessageRequest;
  readonly said: Said;
  readonly read: ReadContent;
  readonly content: string;
  readonly reached: readonly Named[];
  /** Theirs, in the same order. */
  readonly ids: readonly string[];
  readonly times: Times;
  readonly counts: Pick<Message, 'counts_for'>;
  readonly hash: string;
  readonly key?: string;
}

function rowsFor(of: Rows): Message[] {
  const { number, request, said, reached, ids, times, key } = of;
  const { account, leavesKey } = of.wish;
  return reached.map(({ role, mailbox, address }, i) =>
    newMessageRow({
      _id: ids[i] ?? '',
      number: number + i,
      account,
      group: ids[0] ?? '',
      role,
      to: mailbox,
      to_key: address?.identity ?? '',
      from_domain: of.read.fromDomain,
      content: of.content,
      subject: said.subject,
      ...(said.template !== undefined && { template: said.template }),
      ...(said.warning !== undefined && { warning: said.warning }),
      tags: request.tags ?? [],
      metadata: request.metadata ?? {},
      track: request.track ?? false,
      resend_if_uncertain: request.resend_if_uncertain ?? false,
      ...(leavesKey !== undefined && { leaves_key: leavesKey }),
      ...(i === 0 && key !== undefined && { key }),
      hash: of.hash,
      ...of.counts,
      ...(times.scheduled !== undefined && { scheduled_at: times.scheduled }),
      expires_at: times.expires,
    }),
  );
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
