import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { now } from '../../../clock.js';
import { planOf } from '../../../domain/account/plan.js';
import { Failure } from '../../../domain/errors.js';
import type { MessageContent } from '../../../domain/message/message.js';
import { demandPermittedSender } from '../../../services/sender.js';
import { newMessageRow } from '../../../store/messages/new-row.js';
import type { Message } from '../../../store/messages/row.js';
import { canonical } from '../../hooks/idempotency.js';
import { reserveMails } from '../../quotas.js';
import type { Deps } from '../../wiring.js';
import { futureTime } from '../campaigns/fields.js';
import type { AcceptOptions } from './accept-options.js';
import { bodyFromTemplate, type MessageBody, usesTemplate } from './by-template.js';
import { bodyOfRequest, type ReadContent, readContent } from './content.js';
import { allRecipients, type NamedRecipient } from './recipients.js';
import type { MessageRequest } from './schema.js';

export interface Accepted {
  /** The primary message first. */
  readonly group: readonly Message[];
  /** It had been accepted before, and this request did nothing. */
  readonly known: boolean;
}

/** How long a message is tried where nobody says. */
const TIME_TO_LIVE = 24 * 3_600_000;
const LONGEST_TIME_TO_LIVE = 30 * 24 * 3_600_000;
const HOUR = 3_600_000;

/** Row first, workflow behind it. Throws the Failure by name where the request is refused; then nothing was stored. */
export async function acceptMessage(deps: Deps, request: MessageRequest, options: AcceptOptions): Promise<Accepted> {
  const hash = digest(canonical(request));
  try {
    return await acceptNew(deps, request, options, hash);
  } catch (error) {
    // What was accepted once stays accepted, although the same request might be refused today.
    const earlier = error instanceof Failure ? await acceptedUnderKey(deps, options, hash) : undefined;
    if (earlier === undefined) throw error;
    return earlier;
  }
}

async function acceptNew(deps: Deps, request: MessageRequest, options: AcceptOptions, hash: string): Promise<Accepted> {
  const { account } = options;
  const times = timesOf(request);
  const recipients = await mailableRecipients(deps, options, request);
  const body = usesTemplate(request)
    ? await bodyFromTemplate(deps, account, request, recipients)
    : bodyOfRequest(request);
  const read = await readContent(deps, options, request, body, recipients);
  await demandPermittedSender(deps, account, read.content.from.email);
  const repeat =
    options.key === undefined && options.detectRepeats ? await repeatOf(deps, account, read.content) : undefined;
  if (repeat?.earlier !== undefined)
    return { group: await deps.messages.ofGroup(account, repeat.earlier), known: true };
  const ids = recipients.map(() => uuidv7());
  // Before anything is kept: what is refused for its quota leaves no words and no files.
  const counts = await reserveMails(deps, account, planOf({ plan: options.plan ?? null }), ids);
  const [content, number] = await Promise.all([
    storeContent(deps, account, read),
    deps.counters.block('messages', recipients.length),
  ]);
  const hashAndKey = repeat ?? { hash, ...(options.key !== undefined && { key: options.key }) };
  const group = rowsFor({
    options,
    number,
    request,
    body,
    read,
    content,
    recipients,
    ids,
    times,
    counts,
    ...hashAndKey,
  });
  return storeAndStart(deps, options, group);
}

async function storeAndStart(deps: Deps, options: AcceptOptions, group: readonly Message[]): Promise<Accepted> {
  const verdict = await deps.messages.accept(group);
  if (verdict.kind !== 'accepted' && verdict.kind !== 'unknown') await deps.messageQuota.release(group);
  if (verdict.kind === 'key_reused' && options.firstWins) return firstAccepted(deps, options);
  if (verdict.kind === 'key_reused') throw new Failure('idempotency_key_reused');
  if (verdict.kind === 'unknown') throw outcomeUnknown(verdict.id);
  const known = verdict.kind === 'known';
  const rows = known ? await deps.messages.ofGroup(options.account, verdict.id) : group;
  if (!known) for (const row of rows) deps.engine.startMessage(row);
  return { group: rows, known };
}

function outcomeUnknown(id: string): Failure {
  const sentence = `Nobody can say now whether this message was accepted; if it was, GET /messages/${id} will show it.`;
  return new Failure('unavailable', undefined, sentence);
}

async function acceptedUnderKey(
  { messages }: Deps,
  { account, key, firstWins }: AcceptOptions,
  hash: string,
): Promise<Accepted | undefined> {
  const row = key === undefined ? null : await messages.withIdempotencyKey(account, key);
  return row !== null && (firstWins || row.hash === hash)
    ? { group: await messages.ofGroup(account, row._id), known: true }
    : undefined;
}

async function firstAccepted(deps: Deps, options: AcceptOptions): Promise<Accepted> {
  const earlier = await acceptedUnderKey(deps, options, '');
  if (earlier === undefined) throw new Failure('idempotency_key_reused');
  return earlier;
}

/** Whom mails may go to: each address once, none that is suppressed. The primary recipient must be among them. */
async function mailableRecipients(
  deps: Deps,
  { account, optOutKey }: AcceptOptions,
  request: MessageRequest,
): Promise<readonly NamedRecipient[]> {
  const named = allRecipients(request);
  if (named[0].address === undefined) {
    throw new Failure('validation_failed', { to: ['The to must be an address that mail can be sent to.'] });
  }
  const keys = named.flatMap(({ address }) => address?.identity ?? []);
  const [suppressed, optedOut] = await Promise.all([
    deps.suppressions.among(account, keys),
    optOutKey === undefined ? new Set<string>() : deps.optOuts.among(account, optOutKey, keys),
  ]);
  if (suppressed.has(named[0].address.identity)) throw new Failure('recipient_suppressed');
  if (optedOut.has(named[0].address.identity)) throw new Failure('recipient_opted_out');
  const isMailable = (key: string) => !suppressed.has(key) && !optedOut.has(key);
  return named.filter(({ address, repeated }) => address && !repeated && isMailable(address.identity));
}

interface Times {
  readonly scheduled: Date | undefined;
  readonly expires: Date;
}

function timesOf({ scheduled_at, expires_at }: MessageRequest): Times {
  const scheduled = scheduled_at == null ? undefined : futureTime(scheduled_at);
  const begins = scheduled ?? now();
  const expires = expires_at == null ? new Date(begins.getTime() + TIME_TO_LIVE) : new Date(expires_at);
  const after = expires.getTime() - begins.getTime();
  if (after > 0 && after <= LONGEST_TIME_TO_LIVE) return { scheduled, expires };
  const sentence = 'The expires_at must be after the sending time, by at most 30 days.';
  throw new Failure('validation_failed', { expires_at: [sentence] });
}

/** An equal mail of the last hour, or else the key under which only one of several equal requests at once is accepted. */
async function repeatOf({ messages }: Deps, account: number, { from, to, ...content }: MessageContent) {
  const { subject, html, text, attachments } = content;
  const hash = digest(canonical(['repeat', from.email, to.email.toLowerCase(), subject, html, text, attachments]));
  const last = await messages.latestWithHash(account, hash);
  const stands = last !== null && !['cancelled', 'failed'].includes(last.state);
  const recent = stands && last.created_at.getTime() > now().getTime() - HOUR;
  // No caller's key has a blank in it.
  return { hash, key: `repeat ${hash} ${last?._id ?? ''}`, earlier: recent ? last._id : undefined };
}

/** Files and words before the row that names them. */
async function storeContent({ contents }: Deps, account: number, { content, files }: ReadContent): Promise<string> {
  for (const { ref, bytes } of files) await contents.saveFile(account, ref.sha256, bytes);
  return contents.save(account, content);
}

interface NewRows {
  readonly options: AcceptOptions;
  /** Of the first row; the others follow. */
  readonly number: number;
  readonly request: MessageRequest;
  readonly body: MessageBody;
  readonly read: ReadContent;
  readonly content: string;
  readonly recipients: readonly NamedRecipient[];
  /** Theirs, in the same order. */
  readonly ids: readonly string[];
  readonly times: Times;
  readonly counts: Pick<Message, 'counts_for'>;
  readonly hash: string;
  readonly key?: string;
}

function rowsFor(input: NewRows): Message[] {
  const { number, request, body, recipients, ids, times, key } = input;
  const { account, optOutKey } = input.options;
  return recipients.map(({ role, mailbox, address }, i) =>
    newMessageRow({
      _id: ids[i] ?? '',
      number: number + i,
      account,
      group: ids[0] ?? '',
      role,
      to: mailbox,
      to_key: address?.identity ?? '',
      from_domain: input.read.fromDomain,
      content: input.content,
      subject: body.subject,
      ...(body.template !== undefined && { template: body.template }),
      ...(body.warning !== undefined && { warning: body.warning }),
      tags: request.tags ?? [],
      metadata: request.metadata ?? {},
      track: request.track ?? false,
      resend_if_uncertain: request.resend_if_uncertain ?? false,
      ...(optOutKey !== undefined && { leaves_key: optOutKey }),
      ...(i === 0 && key !== undefined && { key }),
      hash: input.hash,
      ...input.counts,
      ...(times.scheduled !== undefined && { scheduled_at: times.scheduled }),
      expires_at: times.expires,
    }),
  );
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
