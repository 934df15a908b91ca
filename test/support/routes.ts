import { afterEach } from 'vitest';
import { lineOver } from '../../mail/routes/line.js';
import { type Route, type Routes, routesOver, type Way } from '../../mail/routes/routes.js';
import { type HandOverOrder, smtpTransport } from '../../mail/transport.js';
import { type SmtpScript, type SmtpServer, smtpServer } from './smtp-server.js';

export interface RoutePlan {
  readonly script?: SmtpScript;
  /** With user and password. */
  readonly login?: string;
  readonly way?: Partial<Way>;
  /** Milliseconds to wait for a session; long enough for a busy machine unless it is named. */
  readonly patience?: number;
}

export interface SomeRoutes {
  readonly routes: Routes;
  readonly servers: readonly SmtpServer[];
  /** The table as it is; may be changed. */
  readonly table: Route[];
  /** What was logged: `transport is down a`. */
  readonly said: readonly string[];
  /** Ids of the ways whose rate was paid. */
  readonly paid: readonly string[];
  close(): Promise<void>;
}

/** Routes that are closed behind the test that has started them, and whatever else it puts into `open`. */
export function routesOfTests() {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });
  const started = async (...plans: readonly RoutePlan[]): Promise<SomeRoutes> => {
    const some = await someRoutes(...plans);
    open.push(some);
    return some;
  };
  return { started, open };
}

const TIMES = { smtpCommand: 10_000, smtpDot: 10_000 };

/** Routes a, b, c … in that order, each to a scripted server of its own; a line that is down may be probed at once. */
export async function someRoutes(...plans: readonly RoutePlan[]): Promise<SomeRoutes> {
  const servers = await Promise.all(plans.map(({ script = {} }) => smtpServer(script)));
  const said: string[] = [];
  const paid: string[] = [];
  const table = plans.map(({ login, way = {}, patience = 10_000 }, i): Route => {
    const id = 'abc'.charAt(i);
    const connections = way.connections ?? 2;
    const url = (servers[i]?.url ?? '').replace('://', login === undefined ? '://' : `://${login}@`);
    const transport = smtpTransport({ url, connections, times: TIMES });
    const log = (message: string) => said.push(`${message} ${id}`);
    const line = lineOver(transport, { name: id, log, patience, rest: () => 0 });
    return { way: { id, rates: [], ...way, connections }, line };
  });
  const all = [...table];
  const token = async ({ id }: Way) => {
    paid.push(id);
    return 0;
  };
  return {
    routes: routesOver({ table: async () => [...table], token }),
    servers,
    table,
    said,
    paid,
    close: async () => {
      for (const { line } of all) line.transport.destroy();
      await Promise.all(servers.map((server) => server.close().catch(() => undefined)));
    },
  };
}

const never = new AbortController().signal;
export const always: HandOverOrder = { mayBegin: () => true, signal: never };
