/** The result of a mail, which the receiver decides at any time. */
export type Resolution = 'accept' | 'refuse' | 'defer' | 'drop_accepted' | 'drop_lost' | 'before';

/** The result as the worker sees it; `again`: no byte of the body was written. */
export type Reply = 'sent' | 'failed' | 'deferred' | 'uncertain' | 'again';

export interface Letter {
  readonly round: number;
  readonly id: number;
  readonly answer: (reply: Reply) => void;
}

const REPLIES: Record<Resolution, Reply> = {
  accept: 'sent',
  refuse: 'failed',
  defer: 'deferred',
  drop_accepted: 'uncertain',
  drop_lost: 'uncertain',
  before: 'again',
};

export type Receiver = ReturnType<typeof receiver>;

/** The reference for the checks: counts the hand-overs and accepted mails of each recipient. Keys are `round:id`. */
export function receiver() {
  const open: Letter[] = [];
  const accepted = new Map<string, number>();
  const handed = new Map<string, number>();
  const count = (counts: Map<string, number>, { round, id }: Letter, by: number) => {
    const key = `${round}:${id}`;
    counts.set(key, (counts.get(key) ?? 0) + by);
  };
  return {
    open,
    accepted: (round: number, id: number): number => accepted.get(`${round}:${id}`) ?? 0,
    /** Hand-overs that were not definitely refused. */
    handed: (round: number, id: number): number => handed.get(`${round}:${id}`) ?? 0,
    everHanded: (): IterableIterator<string> => handed.keys(),

    hand: (letter: Letter): void => {
      open.push(letter);
      count(handed, letter, 1);
    },

    resolve: (place: number, how: Resolution): void => {
      const [letter] = open.splice(place % open.length, 1);
      if (letter === undefined) return;
      if (how === 'accept' || how === 'drop_accepted') count(accepted, letter, 1);
      if (how === 'refuse' || how === 'defer' || how === 'before') count(handed, letter, -1);
      letter.answer(REPLIES[how]);
    },
  };
}
