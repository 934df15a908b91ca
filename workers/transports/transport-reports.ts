import { monotonic } from '../../clock.js';
import { isInTrouble } from '../../domain/delivery/transport-health.js';
import type { RouteHealth } from '../../mail/transports/route-health.js';
import type { Reporter, transportHealth } from '../../store/transports/health.js';

type Rows = Pick<ReturnType<typeof transportHealth>, 'report' | 'withdraw'>;

export interface ReportSettings {
  readonly transportHealth: Rows;
  /** Id of this process. */
  readonly process: string;
  /** Milliseconds between two reports of a transport that is in use. */
  readonly every: number;
}

/** A route of this process, as it is reported. */
export interface ReportedRoute {
  readonly id: string;
  readonly use: Reporter['use'];
  readonly version: number;
}

/** Milliseconds between two reports of one route at least, however often its state changes. */
const BETWEEN_REPORTS = 1_000;
/** A route without trouble that has been idle for this long is no longer reported; its last state stays in the row. */
const IDLE_AFTER = 120_000;

export type TransportReports = ReturnType<typeof transportReports>;

/** Writes the health of this process's routes: at changes of a state at once, otherwise at intervals while they are used. */
export function transportReports({ transportHealth, process, every }: ReportSettings) {
  const routes = new Set<ReturnType<typeof reportedRoute>>();
  const timer = setInterval(() => {
    for (const route of routes) route.renew();
  }, every).unref();
  return {
    /** Reports a route until the result is called. `changed` must be called when its health has changed. */
    add: (route: ReportedRoute, health: RouteHealth['health']) => {
      const added = reportedRoute(transportHealth, { process, ...route }, health);
      routes.add(added);
      return {
        changed: added.changed,
        remove: (): void => {
          routes.delete(added);
          void added.end();
        },
      };
    },

    /** Withdraws all reports: the process ends. What it has seen last stays. */
    close: async (): Promise<void> => {
      clearInterval(timer);
      const open = [...routes];
      routes.clear();
      await Promise.all(open.map((route) => route.writeLast().then(route.end)));
    },
  };
}

/** The reports of one route: one write at a time. A failed one is repeated with the next. */
function reportedRoute(rows: Rows, { id, ...reporter }: ReportedRoute & Reporter, health: RouteHealth['health']) {
  let usedAt = monotonic();
  let writtenAt = Number.NEGATIVE_INFINITY;
  let isOver = false;
  let soon: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();

  const write = (): void => {
    clearTimeout(soon);
    soon = undefined;
    writtenAt = monotonic();
    const found = health();
    writing = writing.then(() => rows.report(id, reporter, found).catch(() => undefined));
  };

  return {
    changed: (isTransition: boolean): void => {
      usedAt = monotonic();
      if (!isTransition || isOver || soon !== undefined) return;
      const wait = writtenAt + BETWEEN_REPORTS - usedAt;
      if (wait <= 0) write();
      else soon = setTimeout(write, wait).unref();
    },
    /** A trouble is repeated while the process runs, also where no mail waits: it is the last that is known. */
    renew: (): void => {
      const { in_flight, state } = health();
      if (isInTrouble({ state }) || in_flight > 0 || monotonic() - usedAt < IDLE_AFTER) write();
    },
    writeLast: (): Promise<void> => {
      if (health().state !== 'unknown') write();
      return writing;
    },
    end: async (): Promise<void> => {
      clearTimeout(soon);
      isOver = true;
      await writing;
      await rows.withdraw(id, reporter).catch(() => undefined);
    },
  };
}
