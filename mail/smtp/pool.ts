import { monotonic } from '../../clock.js';
import type { ConnectionTrouble } from '../../domain/delivery/outcome.js';
import { quit, start } from './commands.js';
import { type Connection, type ConnectionHost, die, isIdle, isNew } from './connection.js';
import { checkDeadlines, openConnection, postpone } from './conversation.js';
import type { QueuedMail } from './hand-over.js';
import { type Opening, openSession, type Session } from './handshake.js';
import { CLOSED, isOrdinary, type MailQueue, mailQueue } from './mail-queue.js';
import { type Pipelining, pipeliningMode } from './pipelining.js';
import type { SmtpSettings } from './settings.js';

/** The connections of one transport, and the mails that wait for them. */
export interface ConnectionPool {
  /** Undefined if a connection past EHLO and AUTH is open, or was just opened. */
  ready(): Promise<ConnectionTrouble | undefined>;
  /** Queues a mail. It is settled once, never before this returns. */
  send(mail: Pick<QueuedMail, 'mail' | 'order' | 'settled'>): void;
  /** Resets all connections at once. */
  destroy(): void;
  /** Takes no more mail, finishes what was begun, then sends QUIT. */
  close(): Promise<void>;
}

interface Pool extends ConnectionHost {
  readonly queue: MailQueue;
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
  greylistedAt: number;
  ticker: NodeJS.Timeout | undefined;
  tickedAt: number;
  /** Callers of `close`, called when a connection has ended. */
  readonly closing: (() => void)[];
}

const LONGEST_TICK = 250;
/** A tick that comes so much too late means that the process was suspended. */
const SUSPENDED_FOR = 1_000;
const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 30_000;
const GREYLIST_PAUSE = 60_000;
/** Connections that have been silent for longer are no proof that the server is there. */
const RESPONSIVE_FOR = 10_000;

/** `most`: how much is sent ahead of replies at most. */
export function connectionPool(settings: SmtpSettings, most: Pipelining): ConnectionPool {
  const pool: Pool = {
    settings,
    mode: pipeliningMode(most, (mode, why) => settings.log('smtp pipelining reduced', { mode, why })),
    queue: mailQueue(() => schedule(pool)),
    connections: new Set(),
    idleOnes: [],
    opening: new Set(),
    waiting: [],
    state: 'open',
    isScheduled: false,
    failures: 0,
    openAfter: 0,
    greylistedAt: Number.NEGATIVE_INFINITY,
    ticker: undefined,
    tickedAt: 0,
    closing: [],
    takeBehind: () => pool.queue.take(isOrdinary),
    giveBack: (mail) => pool.queue.giveBack(mail),
    settle: ({ settled }, outcome) => settled(outcome),
    idle: (connection) => serve(pool, connection),
    gone: (connection) => onGone(pool, connection),
    mayTryAgainAtOnce: () => {
      const isDue = monotonic() - pool.greylistedAt > GREYLIST_PAUSE;
      if (isDue) pool.greylistedAt = monotonic();
      return isDue;
    },
  };
  return {
    ready: () => ready(pool),
    send: pool.queue.add,
    destroy: () => destroy(pool),
    close: () => close(pool),
  };
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
  if (pool.state !== 'open' || connection.served >= pool.settings.messages) {
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

function hasCapacity({ state, connections, opening, settings }: Pool): boolean {
  return state === 'open' && connections.size + opening.size < settings.connections;
}

function openMore(pool: Pool): void {
  const wanted = () => Math.max(pool.queue.length(), pool.waiting.length);
  while (wanted() > pool.opening.size && hasCapacity(pool) && monotonic() >= pool.openAfter) open(pool);
  keepTicking(pool);
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
    changed(pool);
    return;
  }
  const connection = openConnection(session, pool);
  if (connection.state === 'dead') return;
  pool.connections.add(connection);
  answerWaiting(pool, undefined);
  serve(pool, connection);
  keepTicking(pool);
}

/** While another connection works, the mails wait for it; otherwise each mail has two such failures. */
function onOpeningFailed(pool: Pool, trouble: ConnectionTrouble): void {
  pool.settings.log('smtp connection failed', { what: trouble.what });
  changed(pool);
  if (pool.opening.size > 0) return;
  if ([...pool.connections].some(isResponsive)) {
    pool.openAfter = monotonic() + Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** pool.failures);
    pool.failures += 1;
    return;
  }
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
    openMore(pool);
  });
}

function onGone(pool: Pool, connection: Connection): void {
  pool.connections.delete(connection);
  const at = pool.idleOnes.indexOf(connection);
  if (at >= 0) pool.idleOnes.splice(at, 1);
  if (pool.connections.size === 0) pool.openAfter = 0;
  if (pool.queue.length() > 0 || pool.waiting.length > 0) schedule(pool);
  changed(pool);
}

function changed(pool: Pool): void {
  for (const look of pool.closing.splice(0)) look();
}

function keepTicking(pool: Pool): void {
  if (pool.ticker !== undefined || pool.connections.size === 0) return;
  const { smtpCommand, smtpDot } = pool.settings.times;
  const interval = Math.max(10, Math.min(LONGEST_TICK, smtpCommand / 4, smtpDot / 4));
  pool.tickedAt = monotonic();
  pool.ticker = setInterval(() => tick(pool, interval), interval).unref();
}

function tick(pool: Pool, interval: number): void {
  const at = monotonic();
  const late = at - pool.tickedAt - interval;
  pool.tickedAt = at;
  for (const connection of [...pool.connections]) {
    if (late > SUSPENDED_FOR) postpone(connection, late);
    else checkDeadlines(connection, at);
  }
  if (pool.queue.length() > 0) schedule(pool);
  if (pool.connections.size > 0 || pool.queue.length() > 0) return;
  clearInterval(pool.ticker);
  pool.ticker = undefined;
}

function destroy(pool: Pool): void {
  pool.state = 'gone';
  for (const opening of pool.opening) opening.close();
  for (const connection of [...pool.connections]) die(connection, 'the transport was destroyed');
  pool.queue.close();
  answerWaiting(pool, CLOSED);
  clearInterval(pool.ticker);
  pool.ticker = undefined;
}

async function close(pool: Pool): Promise<void> {
  if (pool.state === 'open') pool.state = 'closing';
  pool.queue.close();
  answerWaiting(pool, CLOSED);
  for (const connection of pool.idleOnes.splice(0)) quit(connection);
  while (pool.connections.size + pool.opening.size > 0) {
    await new Promise<void>((resolve) => pool.closing.push(resolve));
  }
}
