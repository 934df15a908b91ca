/** Lets one loop wait until `notify` is called, `ms` milliseconds at most. A notification before the wait is not lost. */
export function localSignal() {
  let notified = false;
  let resume: (() => void) | undefined;
  return {
    notify: (): void => {
      notified = true;
      resume?.();
    },
    wait: (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const go = () => {
          clearTimeout(timer);
          resume = undefined;
          notified = false;
          resolve();
        };
        const timer = setTimeout(go, ms);
        resume = go;
        if (notified) go();
      }),
  };
}
