import { monotonic } from '../../clock.js';

/** A key that signs public links. Old keys stay in the ring, so that links in mailboxes keep working after a rotation. */
export interface LinkKey {
  /** 0 to 65,535; each token carries it. */
  readonly kid: number;
  readonly key: Buffer;
  readonly current: boolean;
}

/** The keys as they are, or a function that returns the latest ones. */
export type KeyRing = readonly LinkKey[] | (() => readonly LinkKey[]);

const MAX_AGE = 60_000;

/**
 * A ring for signing. It is reloaded in the background at most once a minute. If that fails, the present keys stay in
 * use.
 */
export function rotatingRing(first: readonly LinkKey[], read: () => Promise<readonly LinkKey[]>) {
  let ring = first;
  let readAt = monotonic();

  return (): readonly LinkKey[] => {
    if (monotonic() - readAt > MAX_AGE) {
      readAt = monotonic();
      read().then(
        (latest) => {
          ring = latest;
        },
        () => undefined,
      );
    }
    return ring;
  };
}

/**
 * Reads tokens with the present ring. An unreadable token may be signed with a newer key, so the ring is then reloaded once,
 * unless it is younger than `minAge` milliseconds.
 */
export function ringReader(latest: () => Promise<readonly LinkKey[]>, minAge = 0) {
  let ring: readonly LinkKey[] | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  return async <R>(read: (ring: readonly LinkKey[]) => R | undefined): Promise<R | undefined> => {
    const age = monotonic() - readAt;
    const found = ring !== undefined && age < MAX_AGE ? read(ring) : undefined;
    if (found !== undefined || age < minAge) return found;
    ring = await latest();
    readAt = monotonic();
    return read(ring);
  };
}
