import { PAGE_SIZE, windowSize } from '../../domain/delivery/protocol.js';

/** A page attempt that sends in this process. */
export interface Sending {
  readonly account: number;
  /** The route of its mails. */
  readonly route: () => string | undefined;
  /** Mails that it has claimed and not settled. */
  readonly inFlight: () => number;
  /** Called when another attempt has settled mails. */
  readonly notify: () => void;
}

export type WindowShares = ReturnType<typeof windowShares>;

/**
 * The page attempts of a process share the connections of a route, by account first: together they have at most four mails in
 * flight for each connection (docs/architecture/protocol.md "Bound on uncertain"). An attempt that is alone has the whole window.
 */
export function windowShares() {
  const sending = new Set<Sending>();
  return {
    join: (own: Sending) => {
      sending.add(own);
      const onSameRoute = () => [...sending].filter((each) => each.route() === own.route());
      return {
        /** Mails that the attempt may have in flight when all attempts have their share. */
        size: (connections: number, ratePerSecond: number | null): number => {
          const all = onSameRoute();
          const accounts = new Set(all.map(({ account }) => account));
          const attempts = all.filter(({ account }) => account === own.account);
          return windowSize(connections / Math.max(1, accounts.size * attempts.length), ratePerSecond);
        },
        /** Mails that it may have in flight now: others may still have more than their share. */
        room: (connections: number): number => {
          const others = onSameRoute().filter((each) => each !== own);
          const taken = others.reduce((sum, { inFlight }) => sum + inFlight(), 0);
          return Math.max(0, Math.min(PAGE_SIZE, windowSize(connections, null)) - taken);
        },
        /** Tells the others that there may be room for them. */
        announce: (): void => {
          for (const each of sending) if (each !== own) each.notify();
        },
        leave: (): void => void sending.delete(own),
      };
    },
  };
}
