/** Microseconds; a shorter time says nothing about growth. */
const LEAST = 2_000;
const ROUNDS = 5;
/** Four times the input costs four times as much where it is read in one pass, and sixteen times where it is quadratic. */
export const ONE_PASS = 8;

/**
 * How many times as much processor time the work takes with the second input as with the first, by the least of several
 * measurements of each; no more are made once that is less than `ONE_PASS`. Time in which the process waits for a processor
 * does not count, so a busy machine changes nothing.
 */
export async function growth<T>(work: (input: T) => unknown, first: T, second: T): Promise<number> {
  let [one, other] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  await work(first);
  for (let round = 0; round < ROUNDS && !(other / Math.max(one, LEAST) < ONE_PASS); round += 1) {
    one = Math.min(one, await processorTime(() => work(first)));
    other = Math.min(other, await processorTime(() => work(second)));
  }
  return other / Math.max(one, LEAST);
}

/** Microseconds. */
async function processorTime(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
