import { fairLine } from '../../mail/smtp/queue/fair-line.js';
import type { FailoverTransport } from '../../mail/transports/failover.js';

/** The connections that messages are sent with; several accounts may share them. */
type Connections = NonNullable<ReturnType<FailoverTransport['pool']>>;

/** Messages of one transport that may be claimed and not settled, for each of its connections past AUTH. */
const CLAIMS_PER_CONNECTION = 4;
/** Mails that are rendered before they can be claimed: so many windows, and so many bytes, at most. */
const WINDOWS_AHEAD = 2;
const BYTES_AHEAD = 64 * 1024 * 1024;

/** Accounts take turns; the messages of an account keep their order. */
interface Slots {
  /** Waits for a slot, then runs the work. */
  run<T>(account: number, work: () => Promise<T>): Promise<T>;
  /** The limit may have grown. */
  admit(): void;
}

interface Window {
  readonly render: Slots;
  readonly claim: Slots;
  /** Bytes of rendered mails that are not settled. */
  bytes: number;
}

export type SendWindows = ReturnType<typeof sendWindows>;

/**
 * Limits what a process renders and claims at once on each transport. A message that is claimed and not settled would be
 * uncertain if the process died, so the limit follows the connections that are open, not those that may be opened.
 */
export function sendWindows() {
  const windows = new WeakMap<Connections, Window>();
  const windowOf = (connections: Connections): Window => {
    const known = windows.get(connections);
    if (known !== undefined) return known;
    const claims = () => CLAIMS_PER_CONNECTION * Math.max(1, connections.open());
    const window: Window = {
      render: fairSlots(() => (window.bytes < BYTES_AHEAD ? WINDOWS_AHEAD * claims() : 0)),
      claim: fairSlots(claims),
      bytes: 0,
    };
    windows.set(connections, window);
    connections.onOpened(() => {
      window.render.admit();
      window.claim.admit();
    });
    return window;
  };

  return {
    /** Runs `work` when a mail may be rendered; `work` calls `claim` with the size of the mail when it may be claimed. */
    run: <T>(connections: Connections, account: number, work: (claim: Claim) => Promise<T>): Promise<T> => {
      const window = windowOf(connections);
      return window.render.run(account, () =>
        work(async (bytes, send) => {
          window.bytes += bytes;
          return window.claim.run(account, send).finally(() => {
            window.bytes -= bytes;
          });
        }),
      );
    },
  };
}

type Claim = <T>(bytes: number, send: () => Promise<T>) => Promise<T>;

/** At least one slot is free if no work runs. */
function fairSlots(limit: () => number): Slots {
  const line = fairLine<{ readonly account: number; readonly go: () => void }>(({ account }) => ({
    account,
    campaign: 0,
  }));
  let busy = 0;
  const admit = (): void => {
    while (line.length() > 0 && busy < Math.max(1, limit())) {
      busy += 1;
      line.take(() => true)?.go();
    }
  };
  return {
    admit,
    run: async (account, work) => {
      await new Promise<void>((go) => {
        line.add({ account, go });
        admit();
      });
      try {
        return await work();
      } finally {
        busy -= 1;
        admit();
      }
    },
  };
}
