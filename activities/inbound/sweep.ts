import { monotonic, now } from '../../clock.js';
import { type Evidence, feedbackEvidence } from '../../domain/evidence.js';
import type { ProtocolTimes } from '../../domain/protocol.js';
import { type InboundMail, readInbound } from '../../mail/dsn/read.js';
import { type ReturnPaths, returnPaths } from '../../mail/return-path.js';
import type {
  Inbound,
  InboundMailRow,
  InboundReportRow,
  InboundRow,
  InboundSubscriptionRow,
} from '../../store/inbound.js';
import type { Secrets } from '../../store/secrets.js';
import type { WebClient } from '../../web/client.js';
import { type ConsequenceDeps, consequencesOf } from './consequences.js';
import { addressOwner, type Owner, type OwnerDeps, ownerOf } from './owners.js';

export interface InboundDeps extends ConsequenceDeps, OwnerDeps {
  readonly inbound: Pick<Inbound, 'owed' | 'claim' | 'done' | 'later' | 'forgetSaid'>;
  /** Milliseconds for which a report that nobody could act on can be read by a person. */
  readonly readableFor: number;
  readonly ring: Secrets['ring'];
  readonly web: Pick<WebClient, 'send'>;
  readonly campaigns: ConsequenceDeps['campaigns'];
  readonly messages: ConsequenceDeps['messages'];
  readonly subscribers: ConsequenceDeps['subscribers'] & OwnerDeps['subscribers'];
  readonly times: Pick<ProtocolTimes, 'lease'>;
  readonly log: { warn(details: object, message: string): void };
}

/** One pass ends within its time and the next goes on; the longest owed come first. */
const PASS = 10_000;
const MOST_AT_ONCE = 200;
const SIDE_BY_SIDE = 8;
const MOST_TRIES = 20;
/** Whoever takes a row has this share of a lease for it, 15 s; somebody else takes it afterwards. Acting takes milliseconds. */
const SHARE_OF_LEASE = 1 / 4;
const LONGEST_WAIT = 600_000;
const PATIENCE = 10_000;

/** Reads what came in and acts on it. Rows are only ever added by the intake, and only ever finished here. */
export async function sweepInbound(deps: InboundDeps): Promise<void> {
  await deps.inbound.forgetSaid(now());
  const begun = monotonic();
  let paths: ReturnPaths | undefined;
  while (monotonic() - begun < PASS) {
    const owed = await deps.inbound.owed(now(), MOST_AT_ONCE);
    if (owed.length === 0) return;
    // Read after the rows: whatever signed them is in it.
    paths ??= returnPaths(await deps.ring());
    const rows = owed.values();
    const known = paths;
    const some = async () => {
      for (const row of rows) await lookAfter(deps, known, row);
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, some));
  }
}

/** One row that cannot be helped must not keep the others waiting, nor be tried for ever. */
async function lookAfter(deps: InboundDeps, paths: ReturnPaths, row: InboundRow): Promise<void> {
  const until = after(deps.times.lease * SHARE_OF_LEASE);
  if (!(await deps.inbound.claim(row, until).catch(() => false))) return;
  try {
    const { verdict, keepRaw } = row.kind === 'mail' ? await readMail(deps, paths, row) : await heed(deps, paths, row);
    await deps.inbound.done(row, verdict, keepRaw ? readable(deps) : undefined);
  } catch (error) {
    deps.log.warn({ id: row._id, error: String(error) }, 'a report that came in was left undone');
    if (row.tries >= MOST_TRIES) await deps.inbound.done(row, 'given_up', readable(deps)).catch(() => undefined);
    else await deps.inbound.later(row, backedOff(row)).catch(() => undefined);
  }
}

function heed(deps: InboundDeps, paths: ReturnPaths, row: InboundReportRow | InboundSubscriptionRow): Promise<Verdict> {
  return row.kind === 'subscription' ? subscribe(deps, row) : readReport(deps, paths, row);
}

interface Verdict {
  readonly verdict: string;
  readonly keepRaw?: boolean;
}

async function readMail(deps: InboundDeps, paths: ReturnPaths, row: InboundMailRow): Promise<Verdict> {
  const mail = await readInbound(Buffer.from(row.raw?.buffer ?? []), row.to);
  const asked = { account: row.account, leaving: mail.kind !== 'delivery' };
  const owner = await ownerOf(deps, paths, mail, asked);
  if (owner === undefined) return { verdict: 'unknown' };
  const evidence = evidenceIn(mail, owner);
  if (evidence === undefined) return { verdict: mail.kind, keepRaw: mail.kind === 'unparsed' };
  return { verdict: await consequencesOf(deps, owner, evidence, row.received_at) };
}

/** Whoever holds a link may leave by it and complain, but cannot say that an address is dead. */
function evidenceIn(mail: InboundMail, owner: Owner): Evidence | undefined {
  if (mail.kind === 'feedback') return feedbackEvidence(mail.type);
  if (owner.leaves) return mail.kind === 'unparsed' ? { kind: 'left' } : undefined;
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
  const asked = { account, leaving: report.evidence.kind === 'complained' };
  const owner = (await ownerOf(deps, paths, report, asked)) ?? addressOwner(account, report.email);
  if (owner === undefined) return { verdict: 'unknown' };
  return { verdict: await consequencesOf(deps, owner, report.evidence, report.at) };
}

/** Says yes to a topic that its account has named: its signature was verified before the row was kept. */
async function subscribe({ web }: InboundDeps, { url }: InboundSubscriptionRow): Promise<Verdict> {
  const answer = await web.send({ method: 'GET', url, headers: {}, timeout: PATIENCE, keep: 0 });
  if (answer.kind === 'answered' && answer.status < 300) return { verdict: 'subscribed' };
  throw new Error(`the subscription was not confirmed: ${answer.kind === 'answered' ? answer.status : answer.why}`);
}

function backedOff({ tries }: InboundRow): Date {
  return after(Math.min(LONGEST_WAIT, 5_000 * 2 ** tries));
}

function readable({ readableFor }: InboundDeps): Date | undefined {
  return readableFor > 0 ? after(readableFor) : undefined;
}

function after(ms: number): Date {
  return new Date(now().getTime() + ms);
}
