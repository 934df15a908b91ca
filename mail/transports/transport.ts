import { monotonic } from '../../clock.js';
import type { ConnectionTrouble, Outcome } from '../../domain/delivery/outcome.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { SplicedMail } from '../letter/letter.js';
import { handOver } from '../smtp/hand-over.js';
import { sessionPool } from '../smtp/pool.js';
import { type Dial, type RecordDuration, settingsFrom } from '../smtp/settings.js';

/** What may be asked of the one who owns the claim while a mail is on its way. */
export interface HandOverOrder {
  /** Asked right before the first byte of the envelope and again right before the final dot. */
  mayBegin(): boolean;
  /** Aborted: what has not begun does not begin. */
  readonly signal: AbortSignal;
  /** The transport whose rate the claim has paid; any other is paid when the mail goes there. */
  readonly paid?: string | undefined;
}

/** The port through which finished mails leave. */
export interface Transport {
  /** Sockets this process may hold open. */
  readonly connections: number;
  /** Undefined: a connection past EHLO and AUTH is at hand, or was just opened. */
  ready(): Promise<ConnectionTrouble | undefined>;
  /** Never rejects; resolves once for each mail, with what the transport saw of it. */
  deliver(mail: SplicedMail, order: HandOverOrder): Promise<Outcome>;
  /** Sockets first, at once: open mail ends uncertain, mail whose body has not begun not_handed_over. */
  destroy(): void;
  /** Takes no more mail, lets open mail end, then says QUIT. */
  close(): Promise<void>;
}

export interface SmtpTransportOptions {
  /** `smtp://` or `smtps://`, with user and password; `settings.ts` has the query parameters. */
  readonly url: string;
  readonly connections: number;
  readonly times: Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'>;
  /** What this host calls itself in EHLO. */
  readonly name?: string;
  /** Opens the sockets where the host of the URL is not trusted. */
  readonly dial?: Dial | undefined;
  readonly log?: (message: string, details: Readonly<Record<string, unknown>>) => void;
  readonly recordDuration?: RecordDuration | undefined;
}

/** A failure before the body began goes to another connection; the second one is reported. */
const TRIES = 2;

/** Hands mails over on SMTP connections of its own, one recipient each (docs/architecture/protocol.md "Work on a page"). */
export function smtpTransport(options: SmtpTransportOptions): Transport {
  const settings = settingsFrom(options);
  const pool = sessionPool(settings);
  const never = new AbortController().signal;

  async function once(mail: SplicedMail, order: HandOverOrder): Promise<Outcome> {
    const session = await pool.acquire(order.signal);
    if ('stage' in session) return { kind: 'not_handed_over', why: session };
    if (!isAllowed(order)) {
      pool.release(session, 'idle');
      return NOT_BEGUN;
    }
    const begun = monotonic();
    const { outcome, next } = await handOver(session, mail, order, settings.times);
    if ('reply' in outcome) settings.recordDuration('mail', monotonic() - begun);
    pool.release(session, next);
    return outcome;
  }

  return {
    connections: options.connections,
    async ready() {
      if (pool.hasOpen()) return undefined;
      const session = await pool.acquire(never);
      if ('stage' in session) return session;
      pool.release(session, 'idle');
      return undefined;
    },
    async deliver(mail, order) {
      let outcome: Outcome = NOT_BEGUN;
      for (let left = TRIES; left > 0 && outcome.kind === 'not_handed_over'; left -= 1) {
        if (!isAllowed(order)) return outcome;
        outcome = await once(mail, order);
      }
      return outcome;
    },
    destroy: pool.destroy,
    close: pool.close,
  };
}

const NOT_BEGUN: Outcome = { kind: 'not_handed_over', why: { stage: 'envelope', what: 'not allowed to begin' } };

function isAllowed(order: HandOverOrder): boolean {
  return !order.signal.aborted && order.mayBegin();
}
