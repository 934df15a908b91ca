import type { FastifyBaseLogger } from 'fastify';

export type OutageLog = ReturnType<typeof outageLog>;

/** Runs calls to Temporal whose failure loses nothing: it is logged, never thrown. */
export function outageLog(log: FastifyBaseLogger) {
  let failing = false;
  return {
    /** Whether the last call that ended has failed. */
    failing: (): boolean => failing,

    /** Returns whether the call succeeded. */
    attempt: async (name: string, call: () => Promise<unknown>): Promise<boolean> => {
      try {
        await call();
        failing = false;
        return true;
      } catch (error) {
        // Warns once per outage: the sweep repairs every row, and repeated warnings would hide other errors.
        log[failing ? 'debug' : 'warn'](
          { err: error, workflow: name },
          'a workflow could not be signalled; the sweep retries it',
        );
        failing = true;
        return false;
      }
    },
  };
}
