import { DefaultLogger, type LogEntry, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

let installed = false;

/** Writes Temporal's log from `warn` on to our log; signals stay with us. Once per process, before any worker. */
export function installRuntime(log: Logger): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }: LogEntry) => {
      const details = { temporal: meta ?? {} };
      if (level === 'ERROR') log.error(details, message);
      else log.warn(details, message);
    }),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'temporalio_sdk_core=WARN,temporalio_client=ERROR', forward: {} } },
  });
}
