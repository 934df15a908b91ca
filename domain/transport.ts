/** What a transport carries. */
export const TRANSPORT_PURPOSES = ['all', 'bulk', 'transactional'] as const;
export type TransportPurpose = (typeof TRANSPORT_PURPOSES)[number];

/** Who asks for a way: a campaign or a message. */
export type TransportUse = Exclude<TransportPurpose, 'all'>;

/** A speed limit that holds over all processes; `key` names its bucket: `transport:3`, `account:1`, `campaign:7`. */
export interface Rate {
  readonly key: string;
  readonly perSecond: number;
}

export function serves(purpose: TransportPurpose, use: TransportUse): boolean {
  return purpose === 'all' || purpose === use;
}

/**
 * Connections of one worker process that a use may hold. Where both share a transport a quarter, at least one, is the
 * messages' own: no campaign can take it.
 */
export function connectionShare(purpose: TransportPurpose, use: TransportUse, connections: number): number {
  if (purpose !== 'all') return connections;
  const kept = Math.max(1, Math.floor(connections / 4));
  return use === 'transactional' ? kept : Math.max(1, connections - kept);
}

const FIRST_BACKOFF = 5_000;
const LONGEST_BACKOFF = 300_000;

/** Milliseconds until a transport that failed so many times in a row is asked again: 5 s, doubled, at most 5 min. */
export function backoffAfter(failures: number): number {
  return Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.max(0, failures - 1));
}
