import { monotonic } from '../../clock.js';
import type { ConnectionTrouble, Outcome } from '../../domain/delivery/outcome.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { SplicedMail } from '../letter/letter.js';
import { handOver } from '../smtp/hand-over.js';
import { sessionPool } from '../smtp/pool.js';
import { type Dial, type RecordDuration, settingsFrom } from '../smtp/settings.js';

/** What a transport asks the owner of the claim while it delivers a mail. */
export interface HandOverOrder {
  /** Called before the first byte of the envelope and again before the final dot. */
  mayBegin(): boolean;
  /** Once aborted, no mail begins that has not begun. */
  readonly signal: AbortSignal;
  /** The transport whose rate the claim has paid; another transport is paid when the mail is sent with it. */
  readonly paid?: string | undefined;
}

/** The port that sends finished mail. */
export interface Transport {
  /** Sockets that this process may open. */
  readonly connections: number;
  /** Undefined if a connection past EHLO and AUTH is open, or was just opened. */
  ready(): Promise<ConnectionTrouble | undefined>;
  /** Never rejects; resolves once for each mail, with the outcome. */
  deliver(mail: SplicedMail, order: HandOverOrder): Promise<Outcome>;
  /** Closes the sockets at once: mail whose body has begun ends uncertain, other mail not_handed_over. */
  destroy(): void;
  /** Takes no more mail, finishes mail in flight, then sends QUIT. */
  close(): Promise<void>;
}

export interface SmtpTransportOptions {
  /** `smtp://` or `smtps://`, with user and password; `settings.ts` has the query parameters. */
  readonly url: string;
  readonly connections: number;
  readonly times: Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'>;
  /** The name in EHLO. */
  readonly name?: string;
  /** Opens the sockets if the host of the URL is not trusted. */
  readonly dial?: Dial | undefined;
  readonly log?: (message: string, details: Readonly<Record<string, unknown>>) => void;
  readonly recordDuration?: RecordDuration | undefined;
}

/** A failure before the body is tried once more on another connection. */
const TRIES = 2;

/** Hands mail over on its own SMTP connections, one recipient each (docs/architecture/protocol.md "Work on a page"). */
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
