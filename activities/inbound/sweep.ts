import { monotonic, now } from '../../clock.js';
import { type Evidence, feedbackEvidence, ofForward, reportedDelivery } from '../../domain/delivery/evidence.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { parseMailbox } from '../../mail/address.js';
import { type InboundMail, readInbound } from '../../mail/dsn/read.js';
import { type ReturnPaths, returnPaths } from '../../mail/tokens/return-path.js';
import type { Inbound } from '../../store/inbound/inbound.js';
import type { InboundMailRow, InboundReportRow, InboundRow, InboundSubscriptionRow } from '../../store/inbound/row.js';
import type { LinkKeyRing } from '../../store/secrets/link-keys.js';
import type { WebClient } from '../../web/client.js';
import {
  applyEvidence,
  type EvidenceDeps,
  type ReportedMail,
  type ReportedMailDeps,
  reportedAddress,
  reportedMailOf,
} from './apply-evidence.js';

export interface InboundDeps extends EvidenceDeps, ReportedMailDeps {
  readonly inbound: Pick<Inbound, 'due' | 'claim' | 'done' | 'retryLater' | 'deleteContent'>;
  /** Milliseconds for which operators can read a report that led to no action. */
  readonly readableFor: number;
  readonly linkKeys: Pick<LinkKeyRing, 'ring'>;
  readonly web: Pick<WebClient, 'send'>;
  readonly campaigns: EvidenceDeps['campaigns'];
  readonly messages: EvidenceDeps['messages'];
  readonly subscribers: EvidenceDeps['subscribers'] & ReportedMailDeps['subscribers'];
  readonly times: Pick<ProtocolTimes, 'lease'>;
  readonly log: { warn(details: object, message: string): void };
}

/** Milliseconds of one pass; the next pass continues. The longest due rows come first. */
const PASS_MS = 10_000;
const BATCH_SIZE = 200;
const CONCURRENCY = 8;
const MAX_TRIES = 20;
/**
 * The share of a lease for which a row is claimed (15 s); afterwards another worker may claim it. Processing takes
 * milliseconds.
 */
const SHARE_OF_LEASE = 1 / 4;
const LONGEST_WAIT = 600_000;
const SUBSCRIPTION_TIMEOUT_MS = 10_000;

/** Processes inbound mail and reports. The intake only adds rows; only this sweep finishes them. */
export async function sweepInbound(deps: InboundDeps): Promise<void> {
  await deps.inbound.deleteContent(now());
  const startedAt = monotonic();
  let paths: ReturnPaths | undefined;
  while (monotonic() - startedAt < PASS_MS) {
    const due = await deps.inbound.due(now(), BATCH_SIZE);
    if (due.length === 0) return;
    // Read after the rows, so that it contains every key that signed them.
    paths ??= returnPaths(await deps.linkKeys.ring());
    const rows = due.values();
    const returnPathReader = paths;
    const processRows = async () => {
      for (const row of rows) await processRow(deps, returnPathReader, row);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, processRows));
  }
}

/** A row that fails must not delay the others, and is not tried for ever. */
async function processRow(deps: InboundDeps, paths: ReturnPaths, row: InboundRow): Promise<void> {
  const until = fromNow(deps.times.lease * SHARE_OF_LEASE);
  if (!(await deps.inbound.claim(row, until).catch(() => false))) return;
  try {
    const { verdict, keepRaw, account } =
      row.kind === 'mail' ? await readMail(deps, paths, row) : await processReport(deps, paths, row);
    await deps.inbound.done(row, verdict, { account, readable: keepRaw ? readableUntil(deps) : undefined });
  } catch (error) {
    const next = row.tries >= MAX_TRIES ? 'it is given up and kept for three days' : 'it is tried again';
    const details = { report: row._id, tries: row.tries, error: String(error) };
    deps.log.warn(details, `an inbound report could not be processed; ${next}`);
    if (row.tries >= MAX_TRIES)
      await deps.inbound.done(row, 'given_up', { readable: readableUntil(deps) }).catch(() => undefined);
    else await deps.inbound.retryLater(row, nextTryAt(row)).catch(() => undefined);
  }
}

function processReport(
  deps: InboundDeps,
  paths: ReturnPaths,
  row: InboundReportRow | InboundSubscriptionRow,
): Promise<Verdict> {
  return row.kind === 'subscription' ? subscribe(deps, row) : readReport(deps, paths, row);
}

interface Verdict {
  readonly verdict: string;
  readonly keepRaw?: boolean;
  /** The account of the mail that was reported; unauthenticated mail has none before. */
  readonly account?: number;
}

async function readMail(deps: InboundDeps, paths: ReturnPaths, row: InboundMailRow): Promise<Verdict> {
  const mail = await readInbound(Buffer.from(row.raw?.buffer ?? []), row.to);
  const scope = { account: row.account, byUnsubscribeAddress: mail.kind !== 'delivery' };
  const reported = await reportedMailOf(deps, paths, mail, scope);
  if (reported === undefined) return { verdict: 'unknown', keepRaw: row.account !== null && isForPeople(mail) };
  const { account } = reported;
  const evidence = evidenceIn(mail, reported);
  if (evidence === undefined) {
    const verdict = mail.kind === 'delivery' ? 'unparsed' : mail.kind;
    return { verdict, account, keepRaw: isForPeople(mail) };
  }
  return { verdict: await applyEvidence(deps, reported, evidence, row.received_at), account };
}

/** Free text that an operator can read. */
function isForPeople(mail: InboundMail): boolean {
  return mail.kind === 'unparsed' || mail.kind === 'auto_reply' || (mail.kind === 'delivery' && mail.by === 'text');
}

/** The holder of a link can unsubscribe and complain, but cannot report that an address bounces. */
function evidenceIn(mail: InboundMail, reported: ReportedMail): Evidence | undefined {
  if (mail.kind === 'feedback') return feedbackEvidence(mail.type);
  if (mail.kind === 'enclosed') return { kind: 'complained', detail: 'complaint with the mail enclosed' };
  if (reported.unsubscribes) return mail.kind === 'unparsed' ? { kind: 'left' } : undefined;
  return mail.kind === 'delivery' ? deliveryEvidence(mail, reported) : undefined;
}

type DeliveryReport = Extract<InboundMail, { kind: 'delivery' }>;

/** Free text counts only where it names the recipient of the mail or another address that can be read. */
function deliveryEvidence({ reports, by }: DeliveryReport, reported: ReportedMail): Evidence | undefined {
  const isOurs = (address: string) => isAddressOf(reported, address);
  const isNamed = reports.some(({ recipient, original }) => isOurs(recipient ?? original ?? '') !== undefined);
  if (by === 'text' && !isNamed) return undefined;
  const verdict = reportedDelivery(reports, isOurs);
  if (verdict === undefined || verdict.kind === 'delivered') return verdict;
  return { kind: verdict.kind === 'failed' ? 'bounced' : 'delayed', fate: verdict.fate };
}

/** Whether an address is the one that the mail was sent to; undefined if it is not readable as an address. */
function isAddressOf({ emailKey }: ReportedMail, address: string): boolean | undefined {
  const identity = parseMailbox(address)?.identity;
  return identity === undefined ? undefined : identity === emailKey;
}

async function readReport(
  deps: InboundDeps,
  paths: ReturnPaths,
  { account, report }: InboundReportRow,
): Promise<Verdict> {
  const scope = { account, byUnsubscribeAddress: report.evidence.kind === 'complained' };
  const marked = await reportedMailOf(deps, paths, report, scope);
  const reported = marked ?? reportedAddress(account, report.email);
  if (reported === undefined) return { verdict: 'unknown' };
  return { verdict: await applyEvidence(deps, reported, evidenceAbout(reported, report), report.at) };
}

/** A provider names the address at which the delivery ended, which may be one that the recipient forwards to. */
function evidenceAbout(reported: ReportedMail, { evidence, email }: InboundReportRow['report']): Evidence {
  if (evidence.kind !== 'bounced' && evidence.kind !== 'delayed') return evidence;
  const isForward = email !== null && isAddressOf(reported, email) === false;
  return isForward ? { ...evidence, fate: ofForward(evidence.fate) } : evidence;
}

/**
 * Confirms a subscription to a topic that the account has configured; its signature was verified before the row was
 * stored.
 */
async function subscribe({ web }: InboundDeps, { url }: InboundSubscriptionRow): Promise<Verdict> {
  const response = await web.send({ method: 'GET', url, headers: {}, timeout: SUBSCRIPTION_TIMEOUT_MS, maxBytes: 0 });
  if (response.kind === 'answered' && response.status < 300) return { verdict: 'subscribed' };
  throw new Error(
    `the subscription was not confirmed: ${response.kind === 'answered' ? response.status : response.why}`,
  );
}

function nextTryAt({ tries }: InboundRow): Date {
  return fromNow(Math.min(LONGEST_WAIT, 5_000 * 2 ** tries));
}

function readableUntil({ readableFor }: InboundDeps): Date | undefined {
  return readableFor > 0 ? fromNow(readableFor) : undefined;
}

function fromNow(ms: number): Date {
  return new Date(now().getTime() + ms);
}
