/** The uses of a transport. */
export const TRANSPORT_PURPOSES = ['all', 'bulk', 'transactional'] as const;
export type TransportPurpose = (typeof TRANSPORT_PURPOSES)[number];

/** The kind of mail that needs a transport: campaign or message. */
export const TRANSPORT_USES = ['bulk', 'transactional'] as const;
export type TransportUse = (typeof TRANSPORT_USES)[number];

/** A rate limit over all processes; `key` names its bucket: `transport:3`, `account:1`, `campaign:7`. */
export interface Rate {
  readonly key: string;
  readonly perSecond: number;
}

/** A rate of which some tokens may be taken in advance. */
export interface RateScope extends Rate {
  /** Callers without tokens wait until the bucket has refilled. */
  readonly ahead?: number;
}

export function rateOf(key: string, perSecond: number | null | undefined): Rate[] {
  return perSecond == null ? [] : [{ key, perSecond }];
}

/** A message may take a second's worth in advance from each rate; campaigns then wait for it. */
export function rateScopes(rates: readonly Rate[], use: TransportUse): RateScope[] {
  if (use === 'bulk') return [...rates];
  return rates.map((rate) => ({ ...rate, ahead: Math.max(1, Math.floor(rate.perSecond)) }));
}

export function serves(purpose: TransportPurpose, use: TransportUse): boolean {
  return purpose === 'all' || purpose === use;
}

/**
 * Connections of one worker process that a use may hold in any case. Where both uses share a transport, a quarter of its
 * connections, at least one, is reserved for messages.
 */
export function connectionShare(purpose: TransportPurpose, use: TransportUse, connections: number): number {
  if (purpose !== 'all') return connections;
  const kept = Math.max(1, Math.floor(connections / 4));
  return use === 'transactional' ? kept : Math.max(1, connections - kept);
}

/** One of the processes that send campaigns for a worker; 0 of 1 is the worker itself. */
export interface ProcessShare {
  readonly index: number;
  readonly of: number;
}

export const WHOLE_SHARE: ProcessShare = { index: 0, of: 1 };

/** The part of a transport's connections that a process may open. */
export function connectionsOfProcess(connections: number, { index, of }: ProcessShare): number {
  if (connections < of) return connections;
  return Math.floor(connections / of) + (index < connections % of ? 1 : 0);
}

/** A transport with fewer connections than processes belongs to one of them, for all such transports of an account the same. */
export function isOfAnotherProcess(account: number, connections: number, { index, of }: ProcessShare): boolean {
  return connections < of && account % of !== index;
}

const FIRST_BACKOFF = 5_000;
const LONGEST_BACKOFF = 300_000;

/** Milliseconds until a transport is retried after so many failures in a row: 5 s, doubled, at most 5 min. */
export function backoffAfter(failures: number): number {
  return Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.max(0, failures - 1));
}
