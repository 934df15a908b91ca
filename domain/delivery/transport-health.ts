import { isTransportFailure } from '../campaign/ledger-page.js';
import type { TransportUse } from '../transport.js';
import { isRateRefusal, isServerRefusal } from './blame.js';
import { fateOf } from './classify.js';
import type { ConnectionTrouble, Outcome } from './outcome.js';
import { shortReply } from './scrub.js';

/**
 * `rate_limited`: the server refuses mail because of its rate, its quota or its storage. `unknown`: no running process has
 * used the transport yet.
 */
export const TRANSPORT_STATES = ['up', 'down', 'refusing_logins', 'rate_limited', 'unknown'] as const;
export type TransportState = (typeof TRANSPORT_STATES)[number];

/** `mail`: from MAIL to the reply that accepts or refuses the mail. */
export const TRANSPORT_PHASES = ['connect', 'tls', 'login', 'mail'] as const;
export type TransportPhase = (typeof TRANSPORT_PHASES)[number];

/** A failure of the transport, not of a recipient. */
interface TransportError {
  readonly at: Date;
  /** The reply of the server or the error of the connection: at most 120 characters, without addresses. */
  readonly reply: string;
  readonly phase: TransportPhase;
}

/** How a process finds a transport. */
export interface TransportHealth {
  readonly state: TransportState;
  readonly since: Date;
  /** The last failure, also of a transport that is up again. */
  readonly error: TransportError | null;
  readonly accepted_at: Date | null;
  /** When waiting messages are tried again; null while the transport is up. */
  readonly next_try: Date | null;
  /** Mails that were handed to it and have no outcome. */
  readonly in_flight: number;
}

/** The health that one process has reported. */
export interface ReportedHealth extends Omit<TransportHealth, 'accepted_at'> {
  readonly process: string;
  readonly use: TransportUse;
  /** Of the transport's settings. */
  readonly version: number;
  readonly seen: Date;
  /** The process has reported within half a lease. */
  readonly is_live: boolean;
}

/** All that is known of a transport: what its processes report, and what outlives them. */
export interface KnownHealth extends Pick<TransportHealth, 'state' | 'since' | 'error' | 'accepted_at'> {
  readonly version: number;
  readonly reports: readonly ReportedHealth[];
}

/** In milliseconds: a worker that tries a transport again reports the next time well within it. */
const LATE_REPORT = 60_000;

/** The time of the next try as people are shown it: none where it passed long ago, since then nothing waits for it. */
export function shownTry({ next_try }: Pick<TransportHealth, 'next_try'>, now: Date): Date | null {
  return next_try !== null && +next_try > +now - LATE_REPORT ? next_try : null;
}

/** The state in which no mail leaves by the transport. */
export function isInTrouble({ state }: Pick<TransportHealth, 'state'>): boolean {
  return state === 'down' || state === 'refusing_logins' || state === 'rate_limited';
}

/** The step of a session at which no connection could be opened. */
export function phaseOf(trouble: ConnectionTrouble): TransportPhase {
  if (trouble.stage !== 'connect') return 'mail';
  const { class: reason } = fateOf({ kind: 'not_handed_over', why: trouble }) as { readonly class: string };
  if (reason === 'submission_auth') return 'login';
  return reason === 'tls' ? 'tls' : 'connect';
}

/** The state of a transport on which no connection can be opened. */
export function stateAfter(trouble: ConnectionTrouble): TransportState {
  return phaseOf(trouble) === 'login' ? 'refusing_logins' : 'down';
}

/** What the outcome of a mail says about its transport; a field is missing where it says nothing. */
export interface HealthSign {
  readonly state?: TransportState;
  readonly error?: Omit<TransportError, 'at'>;
}

const ACCEPTED: HealthSign = { state: 'up' };
const NOTHING: HealthSign = {};

export function signOf(outcome: Outcome): HealthSign {
  if (outcome.kind === 'accepted') return ACCEPTED;
  if (outcome.kind !== 'refused') {
    if (outcome.kind === 'not_handed_over' && outcome.untried === true) return NOTHING;
    const error = { reply: shortReply(outcome.why.what), phase: phaseOf(outcome.why) };
    return outcome.why.stage === 'connect' ? { state: stateAfter(outcome.why), error } : { error };
  }
  const fate = fateOf(outcome);
  const error = { reply: shortReply(`${outcome.reply.code} ${outcome.reply.text}`), phase: 'mail' as const };
  if (isServerRefusal(fate) || isRateRefusal(fate)) return { state: 'rate_limited', error };
  return isTransportFailure(fate) ? { error } : NOTHING;
}

/**
 * The health of a transport over all processes, or only as far as they use it for `use`. It is up where any process finds it
 * up. Without a process that reports, a trouble is `unknown`: the process that had it is gone.
 */
export function combinedHealth(
  known: KnownHealth | undefined,
  version: number,
  use?: TransportUse,
): TransportHealth | null {
  if (known === undefined) return null;
  const { error, accepted_at } = known;
  const live = liveReports(known, version, use);
  const in_flight = live.reduce((sum, report) => sum + report.in_flight, 0);
  const decided = decidingReport(live);
  if (decided !== undefined) {
    const { state, next_try } = decided;
    return { state, since: beginningOf(decided, live, accepted_at), next_try, error, accepted_at, in_flight };
  }
  const isCurrent = known.version === version && known.state === 'up';
  return { state: isCurrent ? 'up' : 'unknown', since: known.since, next_try: null, error, accepted_at, in_flight };
}

/** The reports of running processes about the present settings. */
export function liveReports({ reports }: KnownHealth, version: number, use?: TransportUse): readonly ReportedHealth[] {
  return reports.filter(
    (report) => report.is_live && report.version === version && (use === undefined || report.use === use),
  );
}

/** Up since the first process found it up; otherwise in the trouble that began last. */
function decidingReport(live: readonly ReportedHealth[]): ReportedHealth | undefined {
  const bySince = live.filter(({ state }) => state !== 'unknown').toSorted((a, b) => +a.since - +b.since);
  return bySince.find(({ state }) => state === 'up') ?? bySince.at(-1);
}

/** The first process that has been in the same trouble since the last accepted mail: others find it later, with their next mail. */
function beginningOf(decided: ReportedHealth, live: readonly ReportedHealth[], accepted_at: Date | null): Date {
  if (!isInTrouble(decided)) return decided.since;
  const alike = live.filter(({ state, since }) => state === decided.state && +since >= +(accepted_at ?? 0));
  return new Date(Math.min(+decided.since, ...alike.map(({ since }) => +since)));
}
