/** The constants of the send protocol, in milliseconds unless named otherwise; tests shrink them together. */
export interface ProtocolTimes {
  /** Another owner may take a page whose owner has not renewed it for this long. */
  readonly lease: number;
  readonly renewEvery: number;
  /** How often a process says that it lives. */
  readonly beatEvery: number;
  /** The longest time between two beats of a process that may judge others. */
  readonly beatGap: number;
  /** An owner that has not beaten for this long, as such a process saw it, is dead. */
  readonly silence: number;
  /** How long an owner trusts a confirmed page write, counted from its start. */
  readonly trust: number;
  /** `timeoutMS` of the ledger's MongoDB client. */
  readonly storeTimeout: number;
  readonly heartbeat: number;
  /** The longest time for which an attempt claims new mail. */
  readonly attempt: number;
  readonly startToClose: number;
  readonly smtpCommand: number;
  /** RFC 5321 §4.5.3.2.6: ten minutes for the reply to the final dot. */
  readonly smtpDot: number;
  /** After SIGTERM: how long mail in flight may still be answered. */
  readonly drain: number;
  readonly shutdownGrace: number;
  /** How often a page activity reads its campaign's row. */
  readonly controlEvery: number;
  /** Maximum age of subscribers and suppressions when their window is claimed. */
  readonly freshness: number;
  /** Minimum time between an uncertain hand-over and its re-send under policy `resend`. */
  readonly resendAfter: number;
  /** Wait before the first round of deferred recipients; later waits scale with it (`retry.ts`). */
  readonly firstRetry: number;
}

export const PROTOCOL_TIMES: ProtocolTimes = {
  lease: 60_000,
  renewEvery: 15_000,
  beatEvery: 1_000,
  beatGap: 3_000,
  silence: 6_000,
  trust: 40_000,
  storeTimeout: 10_000,
  heartbeat: 8_000,
  attempt: 20_000,
  startToClose: 720_000,
  smtpCommand: 60_000,
  smtpDot: 600_000,
  drain: 25_000,
  shutdownGrace: 35_000,
  controlEvery: 1_000,
  freshness: 10_000,
  resendAfter: 900_000,
  firstRetry: 60_000,
};

/** All times scaled by `factor`, for tests (lease 60 s × 0.05 = 3 s). SMTP waits stay at 2 s or more, beats at 200 ms. */
export function shrunkTimes(factor: number): ProtocolTimes {
  const shrunk = Object.fromEntries(
    Object.entries(PROTOCOL_TIMES).map(([name, ms]) => [name, Math.max(50, Math.round(ms * factor))]),
  ) as unknown as ProtocolTimes;
  return {
    ...shrunk,
    smtpCommand: Math.max(2_000, shrunk.smtpCommand),
    beatEvery: Math.max(200, shrunk.beatEvery),
    beatGap: Math.max(600, shrunk.beatGap),
    silence: Math.max(1_500, shrunk.silence),
    heartbeat: Math.max(750, shrunk.heartbeat),
    storeTimeout: Math.max(400, shrunk.storeTimeout),
  };
}

/** Checks the order that the proof of the protocol needs; returns the violated condition, if any. */
export function violatedOrder(times: ProtocolTimes): string | undefined {
  const rules: readonly (readonly [boolean, string])[] = [
    [times.renewEvery * 2 < times.trust, 'a lease is renewed twice within the trusted time'],
    [times.trust + times.storeTimeout < times.lease, 'trust ends before the lease, however long a write takes'],
    [times.beatEvery * 2 < times.beatGap, 'a beat may be late without an end of the chain'],
    [times.beatGap * 2 <= times.silence, 'an owner misses several beats before it is dead'],
    [times.silence < times.lease, 'a dead owner is noticed before its lease is over'],
    [times.attempt < times.trust, 'an attempt ends within the trusted time'],
    [times.drain < times.shutdownGrace, 'open mail is drained before the worker is cut off'],
    [times.smtpDot < times.startToClose, 'the reply to the dot may be awaited within one attempt'],
    [
      times.trust + times.smtpDot < times.resendAfter,
      'a re-send waits until an owner that was wrongly declared dead hands over no mail, and no earlier dot can be answered',
    ],
    [times.controlEvery < times.renewEvery, 'a pause is read before the next renewal'],
  ];
  return rules.find(([holds]) => !holds)?.[1];
}

/** Recipients of one ledger page. */
export const PAGE_SIZE = 500;

/** Lanes of a campaign: more lanes than pages would find nothing to do. */
export function lanesOf(recipients: number, most: number): number {
  return Math.max(1, Math.min(most, Math.ceil(recipients / PAGE_SIZE)));
}

/** The longest window (claimed − settled) for a lane that has `connections` of the process's SMTP connections. */
export function windowSize(connections: number, ratePerSecond: number | null): number {
  const byConnections = Math.max(1, Math.floor(4 * connections));
  const bySpeed = ratePerSecond === null ? byConnections : Math.max(1, Math.floor(ratePerSecond));
  return Math.min(PAGE_SIZE, byConnections, bySpeed);
}
