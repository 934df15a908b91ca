import { monotonic, now } from '../../clock.js';
import { type Evidence, feedbackEvidence } from '../../domain/delivery/evidence.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { type InboundMail, readInbound } from '../../mail/dsn/read.js';
import { type ReturnPaths, returnPaths } from '../../mail/tokens/return-path.js';
import type {
  Inbound,
  InboundMailRow,
  InboundReportRow,
  InboundRow,
  InboundSubscriptionRow,
} from '../../store/inbound/inbound.js';
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
    const { verdict, keepRaw } =
      row.kind === 'mail' ? await readMail(deps, paths, row) : await processReport(deps, paths, row);
    await deps.inbound.done(row, verdict, keepRaw ? readableUntil(deps) : undefined);
  } catch (error) {
    deps.log.warn({ id: row._id, error: String(error) }, 'could not process an inbound report');
    if (row.tries >= MAX_TRIES) await deps.inbound.done(row, 'given_up', readableUntil(deps)).catch(() => undefined);
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
}

async function readMail(deps: InboundDeps, paths: ReturnPaths, row: InboundMailRow): Promise<Verdict> {
  const mail = await readInbound(Buffer.from(row.raw?.buffer ?? []), row.to);
  const scope = { account: row.account, byUnsubscribeAddress: mail.kind !== 'delivery' };
  const reported = await reportedMailOf(deps, paths, mail, scope);
  if (reported === undefined) return { verdict: 'unknown' };
  const evidence = evidenceIn(mail, reported);
  if (evidence === undefined) return { verdict: mail.kind, keepRaw: mail.kind === 'unparsed' };
  return { verdict: await applyEvidence(deps, reported, evidence, row.received_at) };
}

/** The holder of a link can unsubscribe and complain, but cannot report that an address bounces. */
function evidenceIn(mail: InboundMail, reported: ReportedMail): Evidence | undefined {
  if (mail.kind === 'feedback') return feedbackEvidence(mail.type);
  if (reported.unsubscribes) return mail.kind === 'unparsed' ? { kind: 'left' } : undefined;
  if (mail.kind !== 'delivery') return undefined;
  const { verdict } = mail;
  if (verdict.kind === 'delivered') return verdict;
  return { kind: verdict.kind === 'failed' ? 'bounced' : 'delayed', fate: verdict.fate };
}

async function readReport(
  deps: InboundDeps,
  paths: ReturnPaths,
  { account, report }: InboundReportRow,
): Promise<Verdict> {
  const scope = { account, byUnsubscribeAddress: report.evidence.kind === 'complained' };
  const reported = (await reportedMailOf(deps, paths, report, scope)) ?? reportedAddress(account, report.email);
  if (reported === undefined) return { verdict: 'unknown' };
  return { verdict: await applyEvidence(deps, reported, report.evidence, report.at) };
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
