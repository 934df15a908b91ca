import { monotonic } from '../../../clock.js';
import type { ConnectionTrouble } from '../../../domain/delivery/outcome.js';
import { quit, start } from '../commands.js';
import { type Connection, type ConnectionHost, die, isIdle, isNew } from '../connection.js';
import { openConnection } from '../conversation.js';
import { type DeadlineWatch, deadlineWatch } from '../deadlines.js';
import type { QueuedMail } from '../hand-over.js';
import type { Session } from '../handshake.js';
import { type Pipelining, pipeliningMode } from '../pipelining.js';
import { CLOSED, isOrdinary, type MailQueue, mailQueue } from '../queue/mail-queue.js';
import type { SmtpSettings } from '../settings.js';
import type { ConnectionLimit, HolderLimit } from './connection-limit.js';
import { type Openings, openings } from './openings.js';

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
  readonly openings: Openings;
  /** Callers of `ready`. */
  readonly waiting: ((trouble: ConnectionTrouble | undefined) => void)[];
  state: 'open' | 'closing' | 'gone';
  isScheduled: boolean;
  greylistedAt: number;
  readonly deadlines: DeadlineWatch;
  /** Called when a connection has opened. */
  readonly listeners: (() => void)[];
  /** Callers of `close`, called when a connection has ended. */
  readonly closing: (() => void)[];
}

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
      held: () => held(pool),
      wanted: () => connections.size - pool.idleOnes.length + wanted(pool),
      limitChanged: () => schedule(pool),
    }),
    connections,
    idleOnes: [],
    openings: openingsOf(settings, () => pool),
    waiting: [],
    state: 'open',
    isScheduled: false,
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

function openingsOf(settings: SmtpSettings, pool: () => Pool): Openings {
  return openings({
    settings,
    wanted: () => wanted(pool()),
    hasCapacity: () => pool().state === 'open' && held(pool()) < pool().limit.most(),
    hasResponsive: () => [...pool().connections].some(isResponsive),
    opened: (session) => onOpened(pool(), session),
    released: () => released(pool()),
    failed: (trouble) => onNoneOpened(pool(), trouble),
  });
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
    pool.openings.openMore();
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
  if (pool.queue.length() > 0 && held(pool) >= pool.limit.most()) quit(connection);
  else pool.idleOnes.push(connection);
}

/** Connections that are open, being opened or being closed. */
function held({ connections, openings }: Pool): number {
  return connections.size + openings.count();
}

/** Mails, or callers of `ready`, that wait for a connection. */
function wanted({ queue, waiting }: Pool): number {
  return Math.max(queue.length(), waiting.length);
}

function isBeyondLimit(pool: Pool): boolean {
  const most = pool.limit.most();
  if (held(pool) <= most) return false;
  const staying = [...pool.connections].filter(({ state }) => state === 'open').length;
  return staying + pool.openings.count() > most;
}

function onOpened(pool: Pool, session: Session): void {
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

function onNoneOpened(pool: Pool, trouble: ConnectionTrouble): void {
  answerWaiting(pool, trouble);
  pool.queue.countTry(trouble);
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
    pool.openings.openMore();
  });
}

function onGone(pool: Pool, connection: Connection): void {
  pool.connections.delete(connection);
  const at = pool.idleOnes.indexOf(connection);
  if (at >= 0) pool.idleOnes.splice(at, 1);
  if (pool.connections.size === 0) pool.openings.forgetFailures();
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
  pool.openings.closeAll();
  for (const connection of [...pool.connections]) die(connection, 'the transport was destroyed');
  pool.queue.close();
  answerWaiting(pool, CLOSED);
  pool.deadlines.stop();
  pool.openings.stop();
}

async function close(pool: Pool): Promise<void> {
  if (pool.state === 'open') pool.state = 'closing';
  pool.queue.close();
  answerWaiting(pool, CLOSED);
  pool.openings.stop();
  for (const connection of pool.idleOnes.splice(0)) quit(connection);
  while (held(pool) > 0) {
    await new Promise<void>((resolve) => pool.closing.push(resolve));
  }
}
