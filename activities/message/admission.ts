interface Line {
  busy: number;
  readonly waiting: (() => void)[];
}

export type Admission = <T>(account: number, work: () => Promise<T>) => Promise<T>;

/** Runs at most `most` pieces of work of each account at once, in the order of the calls. */
export function admissionByAccount(most: number): Admission {
  const lines = new Map<number, Line>();

  return async (account, work) => {
    const line = lines.get(account) ?? { busy: 0, waiting: [] };
    lines.set(account, line);
    if (line.busy === most) await new Promise<void>((go) => line.waiting.push(go));
    else line.busy += 1;
    try {
      return await work();
    } finally {
      // The next one takes over this place.
      const next = line.waiting.shift();
      if (next === undefined) line.busy -= 1;
      else next();
      if (line.busy === 0) lines.delete(account);
    }
  };
}
