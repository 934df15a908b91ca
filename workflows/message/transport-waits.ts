const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;

/** Milliseconds between two looks at a transport that is down: 1 s, 2 s … 60 s. */
export function transportWaits() {
  let downs = 0;
  return {
    next: (): number => Math.min(FIRST_WAIT * 2 ** downs++, LONGEST_WAIT),
    reset: (): void => {
      downs = 0;
    },
  };
}
