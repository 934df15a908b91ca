import { v7 as uuidv7 } from 'uuid';
import { now } from '../clock.js';
import type { Config } from '../config.js';
import { type PlanSettings, planOf } from '../domain/account/plan.js';
import { Failure } from '../domain/errors.js';
import { canonicalJson } from '../domain/json.js';
import type { MessageContent, MessageRequest } from '../domain/message/message.js';
import { givenTime } from '../domain/timestamp.js';
import type { Domains } from '../store/domains/domains.js';
import { asAccepted, type Message } from '../store/messages/row.js';
import { currentTrace } from '../tracing/spans.js';
import { bodyOfRequest, type ContentStores, readContent } from './message/content.js';
import { acceptGroup, type GroupStores, type MessageGroup, sha256 } from './message/message-group.js';
import {
  type CopyResult,
  copyResults,
  copyResultsOfRepeat,
  mailableRecipients,
  parseRecipients,
  type Recipients,
  type SuppressionStores,
} from './message/recipients.js';
import { bodyFromTemplate, type TemplateStores, usesTemplate } from './message/template-body.js';
import { withTextPart } from './message/text-part.js';
import { type QuotaStores, reserveMails } from './quotas.js';
import { demandPermittedSender } from './sender.js';

export interface AcceptStores extends GroupStores, ContentStores, SuppressionStores, TemplateStores, QuotaStores {
  readonly domains: Domains;
  readonly config: Config;
}

/** The account that a message is accepted for, and the rules of the request. */
export interface AcceptOptions {
  readonly account: number;
  /** Of the account, as read with the request. */
  readonly plan: PlanSettings | null | undefined;
  /** The caller's Idempotency-Key: the same key with the same request is one message for ever. */
  readonly key?: string;
  /** Without a key: an equal message of the last hour is returned instead of sending it again. */
  readonly detectRepeats: boolean | undefined;
  /** A different request with the same key returns the first message instead of a refusal. */
  readonly firstWins?: boolean;
  /** Accepts every header field that does no harm, not only the known ones. */
  readonly anyHeader?: boolean;
  /** A dialect's media types of attachments; the installation's still apply. */
  readonly attachmentTypes?: readonly string[];
  /** The API key whose mails recipients may opt out of; recipients who have opted out are not mailed. */
  readonly optOutKey?: number;
}

export interface AcceptedMessage {
  readonly primary: Message;
  /** The message had been accepted before, and this request changed nothing. */
  readonly known: boolean;
  /** What happened to each cc and bcc of this request. */
  readonly copies: CopyResult[];
}

interface AcceptedGroup {
  /** The primary message first. */
  readonly rows: readonly Message[];
  readonly known: boolean;
}

const HOUR = 3_600_000;
/** How long delivery is attempted if the request does not say. */
const TIME_TO_LIVE = 24 * HOUR;
const MAX_TIME_TO_LIVE = 30 * 24 * HOUR;

/** Stores the messages of a request and starts their workflows. Throws the Failure of a refusal; then nothing is stored. */
export async function acceptMessage(
  stores: AcceptStores,
  request: MessageRequest,
  options: AcceptOptions,
): Promise<AcceptedMessage> {
  const recipients = parseRecipients(request);
  const { rows, known } = await acceptNew(stores, request, recipients, options).catch(async (error: unknown) => {
    // A request that was accepted once stays accepted, even if it would be refused now.
    const earlier = error instanceof Failure ? await acceptedUnderKey(stores, request, options) : undefined;
    if (earlier === undefined) throw error;
    return earlier;
  });
  const [first] = rows;
  if (first === undefined) throw new Error('An accepted message has no row');
  // Under a key, a repeated request has the response of the first one.
  const primary = known && options.key !== undefined ? asAccepted(first) : first;
  const copies = known ? await copyResultsOfRepeat(stores, options, recipients, rows) : copyResults(recipients, rows);
  return { primary, known, copies };
}

async function acceptNew(
  stores: AcceptStores,
  request: MessageRequest,
  named: Recipients,
  options: AcceptOptions,
): Promise<AcceptedGroup> {
  const { account } = options;
  const times = timesOf(request);
  const recipients = await mailableRecipients(stores, options, named);
  const body = usesTemplate(request)
    ? await bodyFromTemplate(stores, account, request, recipients)
    : bodyOfRequest(request);
  const { content: read, files, fromDomain } = await readContent(stores, options, request, body, recipients);
  await demandPermittedSender(stores, account, read.from.email);
  const repeat = options.key === undefined && options.detectRepeats ? await repeatOf(stores, account, read) : null;
  if (repeat?.earlier != null) return { rows: await stores.messages.ofGroup(account, repeat.earlier), known: true };
  const content = await withTextPart(stores.tasks, account, read);
  const ids = recipients.map(() => uuidv7());
  // Before anything is stored: a request refused for its quota leaves no content and no files behind.
  const counts = await reserveMails(stores, account, planOf({ plan: options.plan ?? null }), ids);
  const key = repeat?.key ?? options.key;
  const traceparent = currentTrace();
  const common = {
    account,
    from_domain: fromDomain,
    subject: body.subject,
    hash: repeat?.hash ?? hashOf(request),
    ...(body.template !== undefined && { template: body.template }),
    ...(body.warning !== undefined && { warning: body.warning }),
    ...requestFields(request),
    ...(options.optOutKey !== undefined && { leaves_key: options.optOutKey }),
    ...counts,
    ...times,
    ...(traceparent !== undefined && { traceparent }),
  };
  return acceptWithQuota(stores, { ids, recipients, content, files, common, ...(key !== undefined && { key }) });
}

function requestFields({ tags, metadata, track, resend_if_uncertain }: MessageRequest) {
  return {
    ...(tags !== undefined && { tags }),
    ...(metadata !== undefined && { metadata }),
    ...(track !== undefined && { track }),
    ...(resend_if_uncertain !== undefined && { resend_if_uncertain }),
  };
}

/** Accepts the group; if it is not accepted, its reservation is released. */
async function acceptWithQuota(stores: AcceptStores, group: MessageGroup): Promise<AcceptedGroup> {
  const { verdict, rows } = await acceptGroup(stores, group);
  if (verdict.kind === 'accepted') return { rows, known: false };
  if (verdict.kind === 'unknown') throw outcomeUnknown(verdict.id);
  await stores.messageQuota.release(rows);
  if (verdict.kind === 'key_reused') throw new Failure('idempotency_key_reused');
  return { rows: await stores.messages.ofGroup(group.common.account, verdict.id), known: true };
}

function outcomeUnknown(id: string): Failure {
  const sentence = `It is not known yet whether this message was accepted; if it was, GET /messages/${id} will show it.`;
  return new Failure('unavailable', undefined, sentence);
}

/** Of the whole request, with its attachments. */
function hashOf(request: MessageRequest): string {
  return sha256(canonicalJson(request));
}

async function acceptedUnderKey(
  { messages }: AcceptStores,
  request: MessageRequest,
  { account, key, firstWins }: AcceptOptions,
): Promise<AcceptedGroup | undefined> {
  const row = key === undefined ? null : await messages.withIdempotencyKey(account, key);
  return row !== null && (firstWins || row.hash === hashOf(request))
    ? { rows: await messages.ofGroup(account, row._id), known: true }
    : undefined;
}

function timesOf({ scheduled_at, expires_at }: MessageRequest): Pick<Message, 'scheduled_at' | 'expires_at'> {
  const scheduled = scheduled_at == null ? undefined : givenTime(scheduled_at);
  if (scheduled !== undefined && scheduled <= now()) {
    throw new Failure('validation_failed', { scheduled_at: ['The scheduled_at must be in the future.'] });
  }
  const begins = scheduled ?? now();
  const expires = expires_at == null ? new Date(begins.getTime() + TIME_TO_LIVE) : givenTime(expires_at);
  const after = expires.getTime() - begins.getTime();
  if (after > 0 && after <= MAX_TIME_TO_LIVE) {
    return { expires_at: expires, ...(scheduled !== undefined && { scheduled_at: scheduled }) };
  }
  const sentence = 'The expires_at must be after the sending time, by at most 30 days.';
  throw new Failure('validation_failed', { expires_at: [sentence] });
}

/**
 * An equal message of the last hour, or the key that lets only one of several equal concurrent requests be accepted.
 */
async function repeatOf({ messages }: AcceptStores, account: number, { from, to, ...content }: MessageContent) {
  const { subject, html, text, attachments } = content;
  const hash = sha256(canonicalJson(['repeat', from.email, to.email.toLowerCase(), subject, html, text, attachments]));
  const last = await messages.latestWithHash(account, hash);
  const stands = last !== null && !['cancelled', 'failed'].includes(last.state);
  const recent = stands && last.created_at.getTime() > now().getTime() - HOUR;
  // A caller's key contains no blank, so the two never collide.
  return { hash, key: `repeat ${hash} ${last?._id ?? ''}`, earlier: recent ? last._id : undefined };
}
