import { monotonic } from '../../clock.js';
import type { ConnectionTrouble } from '../../domain/delivery/outcome.js';
import { quit, start } from './commands.js';
import { type Connection, type ConnectionHost, die, isIdle, isNew } from './connection.js';
import type { ConnectionLimit, HolderLimit } from './connection-limit.js';
import { openConnection } from './conversation.js';
import { type DeadlineWatch, deadlineWatch } from './deadlines.js';
import type { QueuedMail } from './hand-over.js';
import { type Opening, openSession, type Session } from './handshake.js';
import { type Pipelining, pipeliningMode } from './pipelining.js';
import { CLOSED, isOrdinary, type MailQueue, mailQueue } from './queue/mail-queue.js';
import type { SmtpSettings } from './settings.js';

/** The connections of one transport, and the mails that wait for them. */
export interface ConnectionPool {
  /** Undefined if a connection past EHLO and AUTH is open, or was just opened. */
  ready(): Promise<ConnectionTrouble | undefined>;
  /** Connections past EHLO and AUTH. */
  open(): number;
  /** Calls back whenever such a connection was opened. */
  onOpened(listener: () => void): void;
  /** Queues a mail. It is settled once, never before this returns. */
  send(mail: Pick<QueuedMail, 'mail' | 'order' | 'settled'>): void;
  /** Resets all connections at once. */
  destroy(): void;
  /** Takes no more mail, finishes what was begun, then sends QUIT. */
  close(): Promise<void>;
}

interface Pool extends ConnectionHost {
  readonly queue: MailQueue;
  readonly limit: HolderLimit;
  readonly connections: Set<Connection>;
  readonly idleOnes: Connection[];
  readonly opening: Set<Opening>;
  /** Callers of `ready`. */
  readonly waiting: ((trouble: ConnectionTrouble | undefined) => void)[];
  state: 'open' | 'closing' | 'gone';
  isScheduled: boolean;
  /** Openings in a row that failed while other connections were open, and when the next may begin. */
  failures: number;
  openAfter: number;
  pause: NodeJS.Timeout | undefined;
  greylistedAt: number;
  readonly deadlines: DeadlineWatch;
  /** Called when a connection has opened. */
  readonly listeners: (() => void)[];
  /** Callers of `close`, called when a connection has ended. */
  readonly closing: (() => void)[];
}

const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 30_000;
const GREYLIST_PAUSE = 60_000;
/** Connections that have been silent for longer are no proof that the server is there. */
const RESPONSIVE_FOR = 10_000;

/** `most`: how much is sent ahead of replies at most. */
export function connectionPool(settings: SmtpSettings, limit: ConnectionLimit, most: Pipelining): ConnectionPool {
  const connections = new Set<Connection>();
  const pool: Pool = {
    settings,
    mode: pipeliningMode(most, (mode, why) => settings.log('smtp pipelining reduced', { mode, why })),
    queue: mailQueue(() => {
      schedule(pool);
      pool.limit.moved();
    }),
    limit: limit({
      held: () => connections.size + pool.opening.size,
      wanted: () => connections.size - pool.idleOnes.length + Math.max(pool.queue.length(), pool.waiting.length),
      limitChanged: () => schedule(pool),
    }),
    connections,
    idleOnes: [],
    opening: new Set(),
    waiting: [],
    state: 'open',
    isScheduled: false,
    failures: 0,
    openAfter: 0,
    pause: undefined,
    greylistedAt: Number.NEGATIVE_INFINITY,
    deadlines: deadlineWatch(connections, settings.times, () => {
      if (pool.queue.length() > 0) schedule(pool);
    }),
    listeners: [],
    closing: [],
    takeBehind: () => pool.queue.take(isOrdinary),
    giveBack: (mail) => pool.queue.giveBack(mail),
    settle: ({ settled }, outcome) => settled(outcome),
    idle: (connection) => serve(pool, connection),
    gone: (connection) => onGone(pool, connection),
    mayTryAgainAtOnce: () => mayTryAgainAtOnce(pool),
  };
  return {
    ready: () => ready(pool),
    open: () => [...connections].filter(({ state }) => state === 'open').length,
    onOpened: (listener) => void pool.listeners.push(listener),
    send: pool.queue.add,
    destroy: () => destroy(pool),
    close: () => close(pool),
  };
}

function mayTryAgainAtOnce(pool: Pool): boolean {
  const isDue = monotonic() - pool.greylistedAt > GREYLIST_PAUSE;
  if (isDue) pool.greylistedAt = monotonic();
  return isDue;
}

/** Mails are given out in a turn of their own, so that no caller and no conversation is interrupted. */
function schedule(pool: Pool): void {
  if (pool.isScheduled) return;
  pool.isScheduled = true;
  setImmediate(() => {
    pool.isScheduled = false;
    for (const connection of pool.idleOnes.splice(0)) serve(pool, connection);
    openMore(pool);
  });
}

/** Starts the next mail on an idle connection. */
function serve(pool: Pool, connection: Connection): void {
  if (!isIdle(connection)) return;
  if (pool.state !== 'open' || connection.served >= pool.settings.messages || isBeyondLimit(pool)) {
    quit(connection);
    return;
  }
  const fits = isNew(connection) ? () => true : isOrdinary;
  for (let mail = pool.queue.take(fits); mail !== undefined; mail = pool.queue.take(fits)) {
    if (start(connection, mail)) return;
  }
  // What is left needs a new connection.
  if (pool.queue.length() > 0 && !hasCapacity(pool)) quit(connection);
  else pool.idleOnes.push(connection);
}

function hasCapacity({ state, connections, opening, limit }: Pool): boolean {
  return state === 'open' && connections.size + opening.size < limit.most();
}

function isBeyondLimit({ connections, opening, limit }: Pool): boolean {
  const most = limit.most();
  if (connections.size + opening.size <= most) return false;
  const staying = [...connections].filter(({ state }) => state === 'open').length;
  return staying + opening.size > most;
}

function openMore(pool: Pool): void {
  const wanted = Math.max(pool.queue.length(), pool.waiting.length);
  while (wanted > pool.opening.size && hasCapacity(pool)) {
    const pause = pool.openAfter - monotonic();
    if (pause > 0) {
      clearTimeout(pool.pause);
      pool.pause = setTimeout(() => openMore(pool), Math.ceil(pause));
      break;
    }
    open(pool);
  }
}

function open(pool: Pool): void {
  const begun = monotonic();
  const opening = openSession(pool.settings);
  pool.opening.add(opening);
  void opening.opened.then((got) => {
    pool.opening.delete(opening);
    if ('stage' in got) onOpeningFailed(pool, got);
    else onOpened(pool, got, monotonic() - begun);
  });
}

function onOpened(pool: Pool, session: Session, milliseconds: number): void {
  pool.failures = 0;
  pool.settings.recordDuration('connect', milliseconds);
  if (pool.state === 'gone') {
    session.raw.destroy();
    released(pool);
    return;
  }
  const connection = openConnection(session, pool);
  if (connection.state === 'dead') return;
  pool.connections.add(connection);
  answerWaiting(pool, undefined);
  serve(pool, connection);
  pool.deadlines.start();
  for (const opened of pool.listeners) opened();
}

/**
 * While another connection works, the mails wait for it; otherwise each mail has two such failures, with a pause between
 * them: a server may count a connection that was just reset for a moment longer.
 */
function onOpeningFailed(pool: Pool, trouble: ConnectionTrouble): void {
  pool.settings.log('smtp connection failed', { what: trouble.what });
  released(pool);
  if (pool.opening.size > 0) return;
  if ([...pool.connections].some(isResponsive)) {
    pool.openAfter = monotonic() + Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** pool.failures);
    pool.failures += 1;
    return;
  }
  answerWaiting(pool, trouble);
  pool.queue.countTry(trouble);
  pool.openAfter = monotonic() + FIRST_BACKOFF;
  schedule(pool);
}

function isResponsive(connection: Connection): boolean {
  return connection.state === 'open' && (isIdle(connection) || monotonic() - connection.heardAt < RESPONSIVE_FOR);
}

function answerWaiting(pool: Pool, trouble: ConnectionTrouble | undefined): void {
  for (const answer of pool.waiting.splice(0)) answer(trouble);
}

function ready(pool: Pool): Promise<ConnectionTrouble | undefined> {
  if ([...pool.connections].some(({ state }) => state === 'open')) return Promise.resolve(undefined);
  if (pool.state !== 'open') return Promise.resolve(CLOSED);
  return new Promise((resolve) => {
    pool.waiting.push(resolve);
    openMore(pool);
  });
}

function onGone(pool: Pool, connection: Connection): void {
  pool.connections.delete(connection);
  const at = pool.idleOnes.indexOf(connection);
  if (at >= 0) pool.idleOnes.splice(at, 1);
  if (pool.connections.size === 0) pool.openAfter = 0;
  if (pool.queue.length() > 0 || pool.waiting.length > 0) schedule(pool);
  released(pool);
}

/** The pool holds one connection less. */
function released(pool: Pool): void {
  pool.limit.moved();
  for (const look of pool.closing.splice(0)) look();
}

function destroy(pool: Pool): void {
  pool.state = 'gone';
  for (const opening of pool.opening) opening.close();
  for (const connection of [...pool.connections]) die(connection, 'the transport was destroyed');
  pool.queue.close();
  answerWaiting(pool, CLOSED);
  pool.deadlines.stop();
  clearTimeout(pool.pause);
}

async function close(pool: Pool): Promise<void> {
  if (pool.state === 'open') pool.state = 'closing';
  pool.queue.close();
  answerWaiting(pool, CLOSED);
  clearTimeout(pool.pause);
  for (const connection of pool.idleOnes.splice(0)) quit(connection);
  while (pool.connections.size + pool.opening.size > 0) {
    await new Promise<void>((resolve) => pool.closing.push(resolve));
  }
}
