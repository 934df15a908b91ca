/** The servers that `everpost start` runs itself. */
export const OWN_SERVERS = ['mongodb', 'temporal', 'mail_catcher'] as const;
export type OwnServer = (typeof OWN_SERVERS)[number];

/** An own server that has ended and does not run again yet. */
export interface ServerOutage {
  readonly server: OwnServer;
  readonly since: Date;
  /** Why it does not run, for operators: no path, no address. */
  readonly detail: string;
  /** When it is started again; null while a start is under way. */
  readonly nextTry: Date | null;
}

/**
 * Why a server does not run. `ended`: it ran and ended. `disk_full`: it ended, or does not start, for want of space.
 * `port_taken`: another process listens on its port. `data_missing`: its data is gone, and a start would begin an empty one.
 * `not_started`: its start failed for another reason.
 */
export type DownCause = 'ended' | 'disk_full' | 'port_taken' | 'data_missing' | 'not_started';

/** Milliseconds in which the starts of a server that `ended` count, whether they succeeded or not. */
export const STARTS_COUNT_FOR = 15 * 60_000;

/** Starts after which no other is tried; a full disk is waited for without a limit. A port may be free a moment later. */
const MAX_STARTS: Readonly<Record<DownCause, number>> = {
  ended: 8,
  not_started: 5,
  port_taken: 3,
  data_missing: 1,
  disk_full: Number.POSITIVE_INFINITY,
};

const FIRST_DELAY = 500;
const MAX_DELAY = 30_000;
const FULL_DISK_DELAY = 10_000;

/**
 * Milliseconds before the next start; undefined if there is to be none. `starts`: those within STARTS_COUNT_FOR for a server
 * that `ended`, those since its end for other causes.
 */
export function delayBeforeStart(cause: DownCause, starts: number): number | undefined {
  if (starts >= MAX_STARTS[cause]) return undefined;
  return cause === 'disk_full' ? FULL_DISK_DELAY : Math.min(MAX_DELAY, FIRST_DELAY * 2 ** starts);
}
