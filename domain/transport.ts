/** The uses of a transport. */
export const TRANSPORT_PURPOSES = ['all', 'bulk', 'transactional'] as const;
export type TransportPurpose = (typeof TRANSPORT_PURPOSES)[number];

/** The kind of mail that needs a transport: campaign or message. */
export type TransportUse = Exclude<TransportPurpose, 'all'>;

/** A rate limit over all processes; `key` names its bucket: `transport:3`, `account:1`, `campaign:7`. */
export interface Rate {
  readonly key: string;
  readonly perSecond: number;
}

export function serves(purpose: TransportPurpose, use: TransportUse): boolean {
  return purpose === 'all' || purpose === use;
}

/**
 * Connections of one worker process that a use may hold. Where both uses share a transport, a quarter of its connections, at
 * least one, is reserved for messages.
 */
export function connectionShare(purpose: TransportPurpose, use: TransportUse, connections: number): number {
  if (purpose !== 'all') return connections;
  const kept = Math.max(1, Math.floor(connections / 4));
  return use === 'transactional' ? kept : Math.max(1, connections - kept);
}

const FIRST_BACKOFF = 5_000;
const LONGEST_BACKOFF = 300_000;

/** Milliseconds until a transport is retried after so many failures in a row: 5 s, doubled, at most 5 min. */
export function backoffAfter(failures: number): number {
  return Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.max(0, failures - 1));
}
