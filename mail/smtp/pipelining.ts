import { monotonic } from '../../clock.js';

/**
 * How much of a conversation is sent ahead of the replies (RFC 2920): the next envelope behind the dot of a mail (`across`),
 * the commands of one envelope (`within`), or nothing (`none`).
 */
export type Pipelining = 'across' | 'within' | 'none';

export type PipeliningMode = ReturnType<typeof pipeliningMode>;

const LESS: Readonly<Record<Pipelining, Pipelining>> = { across: 'within', within: 'none', none: 'none' };

/** Losses within this time reduce the pipelining; after it without one, the next step up is tried again. */
const MEMORY = 600_000;
const LOSSES_TO_REDUCE = 2;

/** The pipelining of a transport: less where its server loses what was sent ahead. */
export function pipeliningMode(most: Pipelining, log: (mode: Pipelining, why: string) => void) {
  let mode = most;
  let losses: number[] = [];
  let reducedAt = 0;

  const reduce = (why: string) => {
    if (mode === 'none') return;
    mode = LESS[mode];
    losses = [];
    reducedAt = monotonic();
    log(mode, why);
  };

  return {
    current: (): Pipelining => {
      if (mode !== most && monotonic() - reducedAt > MEMORY) {
        mode = mode === 'none' && most === 'across' ? 'within' : most;
        reducedAt = monotonic();
      }
      return mode;
    },
    /**
     * Commands that were sent ahead in this way got no reply, or a reply that only sending ahead explains. Losses within
     * an envelope count whatever else is sent ahead; those behind a dot only while that is still done.
     */
    lost: (how: 'across' | 'within', why: string): void => {
      if (how === 'across' && mode !== 'across') return;
      const recent = monotonic() - MEMORY;
      losses = [...losses.filter((at) => at > recent), monotonic()];
      if (losses.length >= LOSSES_TO_REDUCE) reduce(why);
    },
    /** Nothing is sent behind a dot any more. */
    notAcross: (why: string): void => {
      if (mode === 'across') reduce(why);
    },
  };
}
