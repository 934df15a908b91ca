import type { ConnectionTrouble, Outcome } from '../../domain/delivery/outcome.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { SplicedMail } from '../letter/letter.js';
import type { HandOverOrder } from '../smtp/hand-over.js';
import type { Pipelining } from '../smtp/pipelining.js';
import { type ConnectionLimit, fixedLimit } from '../smtp/pool/connection-limit.js';
import { connectionPool } from '../smtp/pool/pool.js';
import { type Dial, type RecordDuration, settingsFrom } from '../smtp/settings.js';

/** The port that sends finished mail. */
export interface Transport {
  /** Sockets that this process may open in any case. */
  readonly connections: number;
  /** Undefined if a connection past EHLO and AUTH is open, or was just opened. */
  ready(): Promise<ConnectionTrouble | undefined>;
  /** Connections past EHLO and AUTH at this moment. */
  open(): number;
  /** Calls back whenever such a connection was opened. */
  onOpened(listener: () => void): void;
  /** Queues a mail. `settled` is called once, after this has returned, and must not throw. */
  send(mail: SplicedMail, order: HandOverOrder, settled: (outcome: Outcome) => void): void;
  /** As `send`; never rejects. */
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
  /** If the number of connections depends on those of another transport. */
  readonly limit?: ConnectionLimit | undefined;
  readonly times: Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'>;
  /** How much is sent ahead of replies at most (`across`). */
  readonly pipelining?: Pipelining | undefined;
  /** The name in EHLO. */
  readonly name?: string;
  /** Opens the sockets if the host of the URL is not trusted. */
  readonly dial?: Dial | undefined;
  readonly log?: (message: string, details: Readonly<Record<string, unknown>>) => void;
  readonly recordDuration?: RecordDuration | undefined;
}

/** Hands mail over on its own SMTP connections, one recipient each (docs/architecture/protocol.md "The sender"). */
export function smtpTransport(options: SmtpTransportOptions): Transport {
  const limit = options.limit ?? fixedLimit(Math.max(1, Math.floor(options.connections)));
  const pool = connectionPool(settingsFrom(options), limit, options.pipelining ?? 'across');
  return {
    connections: options.connections,
    ready: pool.ready,
    open: pool.open,
    onOpened: pool.onOpened,
    send: (mail, order, settled) => pool.send({ mail, order, settled }),
    deliver: (mail, order) => new Promise((settled) => pool.send({ mail, order, settled })),
    destroy: pool.destroy,
    close: pool.close,
  };
}
