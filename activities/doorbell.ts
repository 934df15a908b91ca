/** Lets one loop sleep until somebody has news, or for `ms` at most. A ring that nobody waited for is not lost. */
export function doorbell() {
  let rung = false;
  let answer: (() => void) | undefined;
  return {
    ring: (): void => {
      rung = true;
      answer?.();
    },
    wait: (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const go = () => {
          clearTimeout(timer);
          answer = undefined;
          rung = false;
          resolve();
        };
        const timer = setTimeout(go, ms);
        answer = go;
        if (rung) go();
      }),
  };
}
