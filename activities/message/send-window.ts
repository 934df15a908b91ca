import { fairLine } from '../../mail/smtp/queue/fair-line.js';
import type { FailoverTransport } from '../../mail/transports/failover.js';

/** The connections that messages are sent with; several accounts may share them. */
type Connections = NonNullable<ReturnType<FailoverTransport['pool']>>;

/** Messages of one transport that may be claimed and not settled, for each of its connections past AUTH. */
const CLAIMS_PER_CONNECTION = 4;
/** Mails that are rendered before they can be claimed: so many windows, and so many bytes, at most. */
const WINDOWS_AHEAD = 2;
const BYTES_AHEAD = 64 * 1024 * 1024;

/** A message that waits for its place: its account, and the bytes that its mail will take. */
interface Place {
  readonly account: number;
  readonly bytes: number;
}

/** Accounts take turns; the messages of an account keep their order. */
interface Slots {
  /** Waits for a slot, then runs the work. */
  run<T>(place: Place, work: () => Promise<T>): Promise<T>;
  /** The limit may have grown. */
  admit(): void;
}

interface Window {
  readonly render: Slots;
  readonly claim: Slots;
}

export type SendWindows = ReturnType<typeof sendWindows>;

/**
 * Limits what a process renders and claims at once on each transport. A message that is claimed and not settled would be
 * uncertain if the process died, so the limit follows the connections that are open, not those that may be opened.
 */
export function sendWindows() {
  const windows = new WeakMap<Connections, Window>();
  const load = busyness();
  const windowOf = (connections: Connections): Window => {
    const known = windows.get(connections);
    if (known !== undefined) return known;
    const claims = () => CLAIMS_PER_CONNECTION * Math.max(1, connections.open());
    const window: Window = { render: fairSlots(() => WINDOWS_AHEAD * claims()), claim: fairSlots(claims) };
    windows.set(connections, window);
    connections.onOpened(() => {
      window.render.admit();
      window.claim.admit();
    });
    return window;
  };

  return {
    /** Runs `work` when a mail may be rendered; `work` calls `claim` when the message may be claimed. */
    run: <T>(connections: Connections, place: Place, work: (claim: Claim) => Promise<T>): Promise<T> => {
      const { render, claim } = windowOf(connections);
      load.begin();
      return render.run(place, () => work((send) => claim.run({ ...place, bytes: 0 }, send))).finally(load.end);
    },

    /** Resolves when few messages wait or are sent: until then further ones gain nothing by an early start. */
    untilNotBusy: load.untilLow,
  };
}

/** Messages that wait or are sent in a busy process. */
const BUSY = 32;

function busyness() {
  let count = 0;
  let low = Promise.resolve();
  let becameLow = () => {};
  return {
    begin: (): void => {
      count += 1;
      if (count === BUSY) {
        low = new Promise((resolve) => {
          becameLow = resolve;
        });
      }
    },
    end: (): void => {
      count -= 1;
      if (count === BUSY - 1) becameLow();
    },
    untilLow: (): Promise<void> => low,
  };
}

type Claim = <T>(send: () => Promise<T>) => Promise<T>;

/**
 * At least one slot is free if no work runs. Work begins while less than BYTES_AHEAD are taken. Once all slots are taken,
 * the next work begins when half of them are free: what begins together shares its reads and writes.
 */
function fairSlots(limit: () => number): Slots {
  const line = fairLine<Place & { readonly go: () => void }>(({ account }) => ({ account, campaign: 0 }));
  let busy = 0;
  let bytes = 0;
  let isFull = false;
  const admit = (): void => {
    isFull = isFull && busy > limit() / 2;
    if (isFull) return;
    while (busy === 0 || (bytes < BYTES_AHEAD && busy < limit())) {
      const next = line.take(() => true);
      if (next === undefined) return;
      busy += 1;
      bytes += next.bytes;
      next.go();
    }
    isFull = busy >= limit();
  };
  return {
    admit,
    run: async (place, work) => {
      await new Promise<void>((go) => {
        line.add({ ...place, go });
        admit();
      });
      try {
        return await work();
      } finally {
        busy -= 1;
        bytes -= place.bytes;
        admit();
      }
    },
  };
}
