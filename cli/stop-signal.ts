/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function untilStopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = () => {
      resolve();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  });
}

/** Ends the process after this many milliseconds, whatever still keeps it alive; an orderly end comes before. */
export function endWithin(milliseconds: number, log: { error(details: object, message: string): void }): void {
  const end = () => {
    log.error({ milliseconds }, 'the process did not end in order; it is ended');
    process.exit(1);
  };
  setTimeout(end, milliseconds).unref();
}
