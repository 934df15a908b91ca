import { Failure } from '../../domain/errors.js';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Jobs that wait for a thread. Accounts take turns, so that the jobs of one account delay another by one job at most. A full
 * queue refuses the newest job of the account that has most jobs in it.
 */
export function fairQueue(most: number) {
  /** In the order of their next turns; the jobs of an account keep their order. */
  const accounts = new Map<number, Waiting[]>();
  let length = 0;

  /** Refuses the newest job of the account with the longest queue. Throws where that is the account that asks for a place. */
  const makePlace = (account: number): void => {
    const own = accounts.get(account)?.length ?? 0;
    const [longest = []] = [...accounts.values()].toSorted((one, other) => other.length - one.length);
    const refused = longest.length > own + 1 ? longest.pop() : undefined;
    if (refused === undefined) throw new Failure('unavailable');
    length -= 1;
    refused.reject(new Failure('unavailable'));
  };

  return {
    /** Resolves when it is the turn of this job. Throws `unavailable`. */
    wait: async (account: number): Promise<void> => {
      if (length >= most) makePlace(account);
      length += 1;
      await new Promise<void>((resolve, reject) => {
        const jobs = accounts.get(account) ?? [];
        jobs.push({ resolve, reject });
        accounts.set(account, jobs);
      });
    },
    /** Lets the next job go. False: none waits. */
    next: (): boolean => {
      for (const [account, jobs] of accounts) {
        const job = jobs.shift();
        accounts.delete(account);
        if (jobs.length > 0) accounts.set(account, jobs);
        if (job === undefined) continue;
        length -= 1;
        job.resolve();
        return true;
      }
      return false;
    },
    refuseAll: (): void => {
      for (const job of [...accounts.values()].flat()) job.reject(new Failure('unavailable'));
      accounts.clear();
      length = 0;
    },
  };
}
