import type { ProtocolTimes } from './protocol.js';

/** The row of an owner, as a beat has read it. */
interface ReadOwner {
  readonly _id: string;
  readonly beats: number;
  readonly primary: string;
}

/** One beat of an observer, confirmed by the majority, and what it read behind it. */
export interface Beat {
  /** The election of the primary, read before the beat. */
  readonly primary: string | null;
  /** On the monotonic clock, in milliseconds: when the beat began, and when the rows had been read. */
  readonly began: number;
  readonly read: number;
  /** From the beginning of the last beat to the end of this one, by the longer of two clocks. */
  readonly gap: number;
  /** The other owners that are not dead. */
  readonly owners: readonly ReadOwner[];
}

interface Observed {
  readonly beats: number;
  /** When this number of beats had first been read. */
  readonly since: number;
  /** Whether it has risen in this chain. */
  readonly hasBeaten: boolean;
}

/** What an unbroken chain of beats has seen: in its time the observer could write without an interruption. */
export interface Chain {
  readonly others: ReadonlyMap<string, Observed>;
  /** Owners whose silence nothing but their death explains. */
  readonly silent: readonly ReadOwner[];
  /** Whether the next beats may find further ones silent. */
  readonly isUndecided: boolean;
}

type WatchTimes = Pick<ProtocolTimes, 'beatGap' | 'silence'>;

/** The chain with a further beat, or a new one that knows nothing of the others (docs/architecture/protocol.md "Dead owners"). */
export function withBeat(before: Chain | undefined, beat: Beat, times: WatchTimes): Chain {
  const { primary, began, read, gap } = beat;
  const chain = gap <= times.beatGap ? before : undefined;
  const others = new Map(beat.owners.map((owner) => [owner._id, observed(chain, owner, read)]));
  // An owner that has not beaten since the election may not have found the new primary yet.
  const judged = beat.owners.filter((owner) => primary !== null && owner.primary === primary);
  const silentFor = ({ _id }: ReadOwner) => began - (others.get(_id)?.since ?? read);
  const isUndecided = judged.some((owner) => {
    return others.get(owner._id)?.hasBeaten !== true || silentFor(owner) > times.beatGap / 2;
  });
  return { others, silent: judged.filter((owner) => silentFor(owner) >= times.silence), isUndecided };
}

function observed(chain: Chain | undefined, { _id, beats }: ReadOwner, read: number): Observed {
  const known = chain?.others.get(_id);
  return known?.beats === beats ? known : { beats, since: read, hasBeaten: known !== undefined };
}
