import { setTimeout as delay } from 'node:timers/promises';
import { later, monotonic, now } from '../clock.js';
import { delayBeforeStart, type OwnServer, type ServerOutage, STARTS_COUNT_FOR } from '../domain/servers/restarts.js';
import type { StartFailure } from './locked-server.js';
import { type Report, ServerFailure } from './report.js';

/** A running server that can be started again on its address and data. */
export interface EmbeddedServer {
  /** Resolves with why it has ended. */
  ended(): Promise<StartFailure>;
  /** Starts it where it was; returns what prevented it. */
  startAgain(): Promise<StartFailure | undefined>;
  /** Where its data and its log are. */
  readonly paths: { readonly folder: string; readonly log: string };
  stop(): Promise<void>;
}

export interface SupervisedServer {
  /** The outage under way; undefined while the server runs. */
  outage(): ServerOutage | undefined;
  /** Rejects with a ServerFailure once no further start is tried; resolves at the stop. */
  readonly lost: Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server again whenever it ends, after growing delays, until it is stopped or does not come back. */
export function supervise(name: OwnServer, server: EmbeddedServer, report: Report): SupervisedServer {
  const stopping = new AbortController();
  let outage: ServerOutage | undefined;
  const show = (current: ServerOutage | undefined) => {
    outage = current;
  };
  const lost = watch({ name, server, report, show, signal: stopping.signal });
  lost.catch(() => undefined);
  const stop = () => {
    stopping.abort();
    return server.stop();
  };
  return { outage: () => outage, lost, stop };
}

interface Watched {
  readonly name: OwnServer;
  readonly server: EmbeddedServer;
  readonly report: Report;
  readonly show: (outage: ServerOutage | undefined) => void;
  readonly signal: AbortSignal;
}

async function watch(watched: Watched): Promise<void> {
  const { name, server, report, show, signal } = watched;
  const starts: number[] = [];
  for (;;) {
    const end = await server.ended();
    if (signal.aborted) return;
    report(`${TITLES[name]} is down: ${end.detail}. It is started again.`);
    const endedAt = monotonic();
    await untilRestarted(watched, end, starts);
    if (signal.aborted) return;
    show(undefined);
    report(`${TITLES[name]} runs again, after ${((monotonic() - endedAt) / 1_000).toFixed(1)} s.`);
  }
}

/** `starts`: monotonic times of the starts that count. */
async function untilRestarted({ name, server, show, signal }: Watched, end: StartFailure, starts: number[]) {
  const since = now();
  let failure: StartFailure | undefined = end;
  let tries = 0;
  while (failure !== undefined && !signal.aborted) {
    const { cause, detail }: StartFailure = failure;
    const counted = cause === 'ended' ? countedStarts(starts) : tries;
    const wait = delayBeforeStart(cause, counted);
    if (wait === undefined) throw lostFor(name, server, detail, counted);
    show({ server: name, since, detail, nextTry: later(wait) });
    await delay(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    show({ server: name, since, detail, nextTry: null });
    if (cause !== 'disk_full') starts.push(monotonic());
    tries++;
    failure = await server.startAgain();
  }
}

const countedStarts = (starts: readonly number[]): number =>
  starts.filter((at) => at > monotonic() - STARTS_COUNT_FOR).length;

function lostFor(name: OwnServer, { paths }: EmbeddedServer, detail: string, starts: number): ServerFailure {
  const counted = starts === 1 ? 'one try' : `${starts} tries`;
  return new ServerFailure(
    `${TITLES[name]} has ended and cannot be started again (${counted}): ${detail}. ` +
      `Its data is in ${paths.folder}, its log is ${paths.log}.`,
  );
}

const TITLES: Readonly<Record<OwnServer, string>> = {
  mongodb: 'MongoDB',
  temporal: 'Temporal',
  mail_catcher: 'The mail catcher',
};
