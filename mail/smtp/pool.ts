import { monotonic } from '../../clock.js';
import type { ConnectionTrouble } from '../../domain/delivery/outcome.js';
import type { HandOverResult } from './hand-over.js';
import { type Opening, openSession, type Session } from './session.js';
import type { SmtpSettings } from './settings.js';

export interface SessionPool {
  hasOpen(): boolean;
  /**
   * The next free connection, or a new one within the limit; trouble if none could be opened, or the signal was
   * aborted.
   */
  acquire(signal: AbortSignal): Promise<Session | ConnectionTrouble>;
  release(session: Session, next: HandOverResult['next']): void;
  destroy(): void;
  close(): Promise<void>;
}

interface Waiter {
  readonly signal: AbortSignal;
  readonly resolve: (got: Session | ConnectionTrouble) => void;
}

/** Milliseconds after which an idle connection is closed: the server may have dropped it silently. */
const IDLE = 30_000;
const QUIT_WITHIN = 1_000;

const CANCELLED: ConnectionTrouble = { stage: 'connect', what: 'no longer wanted' };
const CLOSED: ConnectionTrouble = { stage: 'connect', what: 'the transport is closed' };

interface Pool {
  readonly settings: SmtpSettings;
  /** All sessions with a socket. */
  readonly sessions: Map<Session, NodeJS.Timeout>;
  readonly opening: Set<Opening>;
  readonly idle: Session[];
  readonly waiting: Waiter[];
  /** Signals that dismiss their waiters on abort; one listener for each signal. */
  readonly watched: WeakSet<AbortSignal>;
  state: 'open' | 'closing' | 'gone';
  /** Aborted when the pool closes, because signals outlive the transports that listen to them. */
  readonly over: AbortController;
  /** Called when a session has ended or was returned. */
  changed: () => void;
}

export function sessionPool(settings: SmtpSettings): SessionPool {
  const pool: Pool = {
    settings,
    sessions: new Map(),
    opening: new Set(),
    idle: [],
    waiting: [],
    watched: new WeakSet(),
    state: 'open',
    over: new AbortController(),
    changed: () => undefined,
  };
  return {
    hasOpen: () => pool.sessions.size > 0,
    acquire: (signal) => acquire(pool, signal),
    release: (session, next) => release(pool, session, next),
    destroy: () => destroy(pool),
    close: () => close(pool),
  };
}

function acquire(pool: Pool, signal: AbortSignal): Promise<Session | ConnectionTrouble> {
  if (pool.state !== 'open') return Promise.resolve(CLOSED);
  const session = pool.waiting.length === 0 ? pool.idle.pop() : undefined;
  if (session !== undefined) return Promise.resolve(session);
  if (signal.aborted) return Promise.resolve(CANCELLED);
  if (!pool.watched.has(signal)) {
    pool.watched.add(signal);
    const until = pool.over.signal;
    signal.addEventListener('abort', () => dismiss(pool, CANCELLED, signal), { once: true, signal: until });
  }
  return new Promise((resolve) => {
    pool.waiting.push({ signal, resolve });
    serve(pool);
  });
}

/** Resolves all waiters, or those of one signal, with the trouble. */
function dismiss({ waiting }: Pool, why: ConnectionTrouble, signal?: AbortSignal): void {
  for (const waiter of waiting.splice(0)) {
    if (signal === undefined || waiter.signal === signal) waiter.resolve(why);
    else waiting.push(waiter);
  }
}

/** Gives free connections to the waiters, and opens new ones within the limit. */
function serve(pool: Pool): void {
  while (pool.waiting.length > 0 && pool.idle.length > 0) {
    const session = pool.idle.pop();
    if (session !== undefined) pool.waiting.shift()?.resolve(session);
  }
  while (pool.waiting.length > pool.opening.size && hasCapacity(pool)) open(pool);
}

function hasCapacity({ state, sessions, opening, settings }: Pool): boolean {
  return state === 'open' && sessions.size + opening.size < settings.connections;
}

function open(pool: Pool): void {
  const begun = monotonic();
  const opening = openSession(pool.settings);
  pool.opening.add(opening);
  void opening.opened.then((got) => {
    pool.opening.delete(opening);
    if ('stage' in got) {
      pool.settings.log('smtp connection failed', { what: got.what });
      pool.waiting.shift()?.resolve(got);
      serve(pool);
      return;
    }
    pool.settings.recordDuration('connect', monotonic() - begun);
    addSession(pool, got);
  });
}

function addSession(pool: Pool, session: Session): void {
  const retire = setTimeout(() => {
    if (pool.idle.includes(session)) quit(pool, session);
  }, IDLE);
  pool.sessions.set(session, retire);
  session.smtp.once('end', () => removeSession(pool, session));
  if (session.smtp.destroyed) removeSession(pool, session);
  else release(pool, session, 'idle');
}

function removeSession(pool: Pool, session: Session): void {
  clearTimeout(pool.sessions.get(session));
  pool.sessions.delete(session);
  leaveIdle(pool, session);
  serve(pool);
  pool.changed();
}

function leaveIdle({ idle }: Pool, session: Session): void {
  const at = idle.indexOf(session);
  if (at >= 0) idle.splice(at, 1);
}

function release(pool: Pool, session: Session, next: HandOverResult['next']): void {
  const retire = pool.sessions.get(session);
  if (retire === undefined) return;
  if (next === 'destroy') {
    session.smtp.close();
    return;
  }
  if (next === 'reset') {
    reset(pool, session);
    return;
  }
  session.served += 1;
  if (pool.state !== 'open' || session.served > pool.settings.messages) {
    quit(pool, session);
    return;
  }
  retire.refresh();
  pool.idle.push(session);
  serve(pool);
}

/** RSET ends the transaction that a refusal has left open (RFC 5321 §4.1.1.5). */
function reset(pool: Pool, session: Session): void {
  const stop = closeAfter(session, pool.settings.times.smtpCommand);
  session.smtp.reset((error) => {
    stop();
    if (error) session.smtp.close();
    else release(pool, session, 'idle');
  });
}

function quit(pool: Pool, session: Session): void {
  leaveIdle(pool, session);
  closeAfter(session, QUIT_WITHIN);
  session.smtp.quit();
}

/** Closes the connection after `ms` unless it ends, or the returned function is called, before. */
function closeAfter({ smtp }: Session, ms: number): () => void {
  const timer = setTimeout(() => smtp.close(), ms);
  const stop = () => {
    clearTimeout(timer);
    smtp.off('end', stop);
  };
  smtp.once('end', stop);
  return stop;
}

function destroy(pool: Pool): void {
  pool.state = 'gone';
  pool.idle.length = 0;
  const sessions = [...pool.sessions.keys()];
  for (const { smtp } of sessions) smtp.close();
  for (const opening of pool.opening) opening.close();
  for (const session of sessions) session.abort?.('the transport was destroyed');
  dismiss(pool, CLOSED);
  pool.over.abort();
}

async function close(pool: Pool): Promise<void> {
  if (pool.state === 'open') pool.state = 'closing';
  dismiss(pool, CLOSED);
  pool.over.abort();
  for (const session of [...pool.idle]) quit(pool, session);
  await Promise.all([...pool.opening].map(({ opened }) => opened));
  while (pool.sessions.size > 0) {
    await new Promise<void>((resolve) => {
      pool.changed = resolve;
    });
  }
}
