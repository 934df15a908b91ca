import { monotonic } from '../clock.js';
import type { ProtocolTimes } from '../domain/protocol.js';
import { connectionShare, type Rate, serves, type TransportPurpose, type TransportUse } from '../domain/transport.js';
import { lineOver, SLOW } from '../mail/routes/line.js';
import { type Route, type Routes, routesOver, type TransportsFor, type Way } from '../mail/routes/routes.js';
import { UNREACHED } from '../mail/smtp/session.js';
import type { Dial, Took } from '../mail/smtp/settings.js';
import { smtpTransport, type Transport } from '../mail/transport.js';
import type { Accounts } from '../store/accounts.js';
import type { Buckets, RateScope } from '../store/buckets.js';
import type { StoredTransport, TransportStore } from '../store/transports.js';

export interface TransportDeps {
  readonly transports: Pick<TransportStore, 'ofAccount' | 'urlOf' | 'noteTrouble'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly buckets: Buckets;
  /** The installation's own, for accounts that have none. */
  readonly smtpUrl: string;
  readonly smtpConnections: number;
  readonly times: ProtocolTimes;
  /** Opens the sockets of transports that clients have set up. */
  readonly dial: Dial;
  readonly log: { warn(details: object, message: string): void };
  readonly took?: Took | undefined;
}

/** All ways out of this process. */
export interface Transports {
  readonly of: TransportsFor;
  /** Sockets first, at once; whoever asks from now on gets nothing. */
  destroy(): void;
  /** Lets open mail end, also where the transport was changed or removed meanwhile. */
  close(): Promise<void>;
}

/** A change of the rows, of the account's or its transports', is seen after this long. */
const FRESH = 2_000;
/** A session that takes longer is not waited for where there is another transport. */
const PATIENCE = 5_000;

/** The transports of each account as its rows say, with connections of their own for campaigns and for messages. */
export function accountTransports(deps: TransportDeps): Transports {
  const opened = new Set<Transport>();
  const views = new Map<string, Routes>();
  let isGone = false;
  const open = ({ way, url, version, note, dial }: Plan): Opened => {
    const log = (message: string, details: object) => deps.log.warn({ ...details, transport: way.id }, message);
    const { times, took } = deps;
    const transport = smtpTransport({ url, connections: way.connections, times, dial, log, took });
    opened.add(transport);
    if (isGone) transport.destroy();
    return { version, line: lineOver(transport, { name: way.id, patience: PATIENCE, log, note }) };
  };
  const drain = ({ line: { transport } }: Opened): void => {
    void transport.close().finally(() => opened.delete(transport));
  };
  const rowsOf = freshRows(deps);
  const own = { bulk: ownRoute(deps, 'bulk', open), transactional: ownRoute(deps, 'transactional', open) };

  const view = (account: number, use: TransportUse): Routes => {
    const lines = openLines(open, drain);
    const routes = oncePer(({ transports, rates, isClient }: AccountRows) => {
      const rows = transports.filter(({ purpose }) => serves(purpose, use));
      const plans = rows.filter(({ enabled }) => enabled).flatMap((row) => plansOf(deps, row, use, isClient));
      const theirs = lines(plans);
      // Whoever has switched all of theirs off does not want the mail to leave by another.
      const table = rows.length === 0 ? [own[use]()] : theirs;
      return table.map(({ way, line }) => ({ way: { ...way, rates: [...rates, ...way.rates] }, line }));
    });
    return routesOver({
      table: async () => routes(await rowsOf(account)),
      token: async ({ rates }) => (await deps.buckets.lease(scopesOf(rates, use), 1)).wait,
    });
  };
  return {
    of: (account, use) => {
      const key = `${account}:${use}`;
      const routes = views.get(key) ?? view(account, use);
      views.set(key, routes);
      return routes;
    },
    destroy: () => {
      isGone = true;
      for (const transport of opened) transport.destroy();
    },
    close: async () => {
      await Promise.all([...opened].map((transport) => transport.close()));
    },
  };
}

interface Plan {
  readonly way: Way;
  readonly url: string;
  readonly version: number;
  readonly note: (trouble: string | undefined) => void;
  readonly dial?: Dial | undefined;
}

interface Opened extends Pick<Route, 'line'> {
  readonly version: number;
}

/** A message may be a second ahead of each rate; campaigns then wait for it. */
function scopesOf(rates: readonly Rate[], use: TransportUse): RateScope[] {
  if (use === 'bulk') return [...rates];
  return rates.map((rate) => ({ ...rate, ahead: Math.max(1, Math.floor(rate.perSecond)) }));
}

function rateOf(key: string, perSecond: number | null | undefined): Rate[] {
  return perSecond == null ? [] : [{ key, perSecond }];
}

function plansOf(deps: TransportDeps, row: StoredTransport, use: TransportUse, isClient: boolean): Plan[] {
  const way = wayOf(String(row._id), row.purpose, use, row);
  try {
    const url = deps.transports.urlOf(row);
    const guard = isClient ? { dial: deps.dial } : {};
    return [{ way, url, version: row.version, note: notes(deps, row, isClient), ...guard }];
  } catch (error) {
    deps.log.warn({ transport: way.id, error: String(error) }, 'a transport was sealed with another EVERPOST_SECRET');
    return [];
  }
}

/** For whoever looks at the transport; losing a note costs nobody a mail. */
function notes({ transports }: TransportDeps, { account, _id }: StoredTransport, isClient: boolean) {
  return (trouble: string | undefined): void => {
    // To a client a port that is slow to answer is told like one that refuses.
    const says = isClient && trouble === SLOW.what ? UNREACHED.what : trouble;
    transports.noteTrouble(account, _id, says ?? null).catch(() => undefined);
  };
}

function wayOf(
  id: string,
  purpose: TransportPurpose,
  use: TransportUse,
  limits: Pick<StoredTransport, 'rate_per_second' | 'connections'>,
): Way {
  const rates = rateOf(`transport:${id}`, limits.rate_per_second);
  return { id, rates, connections: connectionShare(purpose, use, limits.connections) };
}

/** The installation's transport, opened when the first account without its own asks for it. */
function ownRoute({ smtpUrl, smtpConnections }: TransportDeps, use: TransportUse, open: (plan: Plan) => Opened) {
  let route: Route | undefined;
  return (): Route => {
    if (route === undefined) {
      const way = wayOf('default', 'all', use, { rate_per_second: null, connections: smtpConnections });
      route = { way, line: open({ way, url: smtpUrl, version: 0, note: () => undefined }).line };
    }
    return route;
  };
}

/** Keeps lines open as long as their plan is there in the same version; the others take no more mail and are drained. */
function openLines(open: (plan: Plan) => Opened, drain: (opened: Opened) => void) {
  let lines = new Map<string, Opened>();
  return (plans: readonly Plan[]): Route[] => {
    const before = lines;
    lines = new Map(
      plans.map((plan) => {
        const known = before.get(plan.way.id);
        return [plan.way.id, known?.version === plan.version ? known : open(plan)];
      }),
    );
    for (const [id, opened] of before) if (lines.get(id) !== opened) drain(opened);
    return plans.flatMap(({ way }) => {
      const line = lines.get(way.id)?.line;
      return line === undefined ? [] : [{ way, line }];
    });
  };
}

/** Worked out anew only for another input. */
function oncePer<I extends object, O>(work: (input: I) => O): (input: I) => O {
  let last: { readonly input: I; readonly output: O } | undefined;
  return (input) => {
    if (last?.input !== input) last = { input, output: work(input) };
    return last.output;
  };
}

interface AccountRows {
  readonly transports: readonly StoredTransport[];
  /** What all mail of the account shares, by whichever transport it leaves. */
  readonly rates: readonly Rate[];
  readonly isClient: boolean;
}

/** What the rows of an account say, at most two seconds old; where the store is silent what they said last. */
function freshRows({ transports, accounts }: Pick<TransportDeps, 'transports' | 'accounts'>) {
  const kept = new Map<number, { readonly at: number; readonly rows: Promise<AccountRows> }>();
  const read = async (account: number): Promise<AccountRows> => {
    const [theirs, row] = await Promise.all([transports.ofAccount(account), accounts.find(account)]);
    const rates = rateOf(`account:${account}`, row?.rate_per_second);
    return { transports: theirs, rates, isClient: row?.kind === 'client' };
  };
  return (account: number): Promise<AccountRows> => {
    const last = kept.get(account);
    if (last !== undefined && monotonic() - last.at < FRESH) return last.rows;
    const rows = read(account).catch((error) => last?.rows ?? Promise.reject(error));
    kept.set(account, { at: monotonic(), rows });
    return rows;
  };
}
