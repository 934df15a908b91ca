import { monotonic } from '../../../clock.js';
import type { ConnectionTrouble } from '../../../domain/delivery/outcome.js';
import { type Opening, openSession, type Session } from '../handshake.js';
import type { SmtpSettings } from '../settings.js';

/** What the openings ask their pool. */
interface OpeningHost {
  readonly settings: SmtpSettings;
  /** How many connections could be used now, beside those that are open. */
  wanted(): number;
  hasCapacity(): boolean;
  /** Whether mails can wait for a connection that works. */
  hasResponsive(): boolean;
  opened(session: Session): void;
  /** An opening ended without a connection. */
  released(): void;
  /** No connection works, and none could be opened. */
  failed(trouble: ConnectionTrouble): void;
}

export type Openings = ReturnType<typeof openings>;

const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 30_000;

/**
 * The connections of a pool that are being opened. While another connection works, mails wait for it, with longer pauses
 * between the openings. Otherwise a failure counts for each mail, and the next opening comes after a pause: a server may
 * count a connection that was just reset for a moment longer.
 */
export function openings(host: OpeningHost) {
  const open = new Set<Opening>();
  /** Openings in a row that failed while other connections were open, and when the next may begin. */
  let failures = 0;
  let mayOpenAt = 0;
  let pause: NodeJS.Timeout | undefined;

  const onFailed = (trouble: ConnectionTrouble): void => {
    host.settings.log('smtp connection failed', { what: trouble.what });
    host.released();
    if (open.size > 0) return;
    if (host.hasResponsive()) {
      mayOpenAt = monotonic() + Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** failures);
      failures += 1;
      return;
    }
    mayOpenAt = monotonic() + FIRST_BACKOFF;
    host.failed(trouble);
  };
  const openOne = (): void => {
    const begun = monotonic();
    const opening = openSession(host.settings);
    open.add(opening);
    void opening.opened.then((got) => {
      open.delete(opening);
      if ('stage' in got) return onFailed(got);
      failures = 0;
      host.settings.recordDuration('connect', monotonic() - begun);
      return host.opened(got);
    });
  };
  const openMore = (): void => {
    while (host.wanted() > open.size && host.hasCapacity()) {
      const wait = mayOpenAt - monotonic();
      if (wait > 0) {
        clearTimeout(pause);
        pause = setTimeout(openMore, Math.ceil(wait));
        break;
      }
      openOne();
    }
  };

  return {
    count: (): number => open.size,
    openMore,
    /** The next opening need not wait. */
    forgetFailures: (): void => {
      mayOpenAt = 0;
    },
    /** Opens none after a pause. */
    stop: (): void => clearTimeout(pause),
    closeAll: (): void => {
      for (const opening of open) opening.close();
    },
  };
}
