import { afterEach } from 'vitest';
import type { HandOverOrder } from '../../../mail/smtp/hand-over.js';
import {
  type FailoverTransport,
  failoverTransport,
  type Route,
  type RouteEntry,
} from '../../../mail/transports/failover.js';
import { monitorTransport } from '../../../mail/transports/monitor.js';
import { smtpTransport } from '../../../mail/transports/transport.js';
import type { SmtpScript } from '../scripted/smtp-script.js';
import { type SmtpServer, smtpServer } from '../scripted/smtp-server.js';

export interface ServerPlan {
  readonly script?: SmtpScript;
  /** With user and password. */
  readonly login?: string;
  readonly route?: Partial<Route>;
  /** Milliseconds to wait for a session; long enough for a busy machine unless it is named. */
  readonly sessionTimeout?: number;
}

export interface TestRoutes {
  readonly failover: FailoverTransport;
  readonly servers: readonly SmtpServer[];
  /** The table as it is; may be changed. */
  readonly table: RouteEntry[];
  /** What was logged: `transport is down a`. */
  readonly logged: readonly string[];
  /** Ids of the ways whose rate was paid. */
  readonly paid: readonly string[];
  close(): Promise<void>;
}

/** Routes that are closed behind the test that has started them, and whatever else it puts into `open`. */
export function closingTestRoutes() {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });
  const started = async (...plans: readonly ServerPlan[]): Promise<TestRoutes> => {
    const some = await testRoutes(...plans);
    open.push(some);
    return some;
  };
  return { started, open };
}

const TIMES = { smtpCommand: 10_000, smtpDot: 10_000 };

/** Routes a, b, c … in that order, each to a scripted server of its own; a line that is down may be probed at once. */
export async function testRoutes(...plans: readonly ServerPlan[]): Promise<TestRoutes> {
  const servers = await Promise.all(plans.map(({ script = {} }) => smtpServer(script)));
  const logged: string[] = [];
  const paid: string[] = [];
  const table = plans.map(({ login, route = {}, sessionTimeout = 10_000 }, i): RouteEntry => {
    const id = 'abc'.charAt(i);
    const connections = route.connections ?? 2;
    const url = (servers[i]?.url ?? '').replace('://', login === undefined ? '://' : `://${login}@`);
    const transport = smtpTransport({ url, connections, times: TIMES });
    const log = (message: string) => logged.push(`${message} ${id}`);
    const monitor = monitorTransport(transport, { name: id, log, sessionTimeout, probeDelay: () => 0 });
    return { route: { id, rates: [], ...route, connections }, monitor };
  });
  const all = [...table];
  const token = async ({ id }: Route) => {
    paid.push(id);
    return 0;
  };
  return {
    failover: failoverTransport({ routes: async () => [...table], takeToken: token }),
    servers,
    table,
    logged,
    paid,
    close: async () => {
      for (const { monitor } of all) monitor.transport.destroy();
      await Promise.all(servers.map((server) => server.close().catch(() => undefined)));
    },
  };
}

const never = new AbortController().signal;
export const always: HandOverOrder = { mayBegin: () => true, signal: never };
