import { type ProtocolTimes, shrunkTimes, violatedOrder } from '../../../domain/delivery/protocol.js';

/** Addresses that the processes of one test share. */
export interface ClusterAddresses {
  readonly mongodbUrl: string;
  readonly database: string;
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly prefix: string;
}

/** Settings of a worker process. */
export interface WorkerPlan extends ClusterAddresses {
  readonly smtpUrl: string;
  readonly times: ProtocolTimes;
  readonly lanes: number;
  /** Milliseconds between two passes of its sweep. */
  readonly sweepEvery: number;
  readonly connections: number;
  /** Path of the bundled workflows. */
  readonly bundle: string;
  readonly logLevel: string;
  /** Further variables of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Settings of an API process. */
export interface ApiPlan extends ClusterAddresses {
  readonly port: number;
  readonly key: string;
  readonly logLevel: string;
  /** Of the workers: how long the sweep leaves a started message alone. */
  readonly lease: number;
}

export const SECRET = 'a secret for the end-to-end tests';
/** The first account's key at every API of a cluster. */
export const KEY = 'a_key_for_the_end_to_end_tests';

/**
 * For tests without kills: leases that survive a busy machine. One attempt of a lane outlasts the test, so that no lane
 * is between two attempts when it is paused.
 */
export const LONG_LEASE_TIMES = {
  lease: 16_000,
  trust: 12_000,
  renewEvery: 3_000,
  attempt: 10_000,
} as const satisfies Partial<ProtocolTimes>;

/** A tenth of the real times: lease 6 s, drain 2.5 s. What a busy machine needs stays longer. */
export function endToEndTimes(over: Partial<ProtocolTimes> = {}): ProtocolTimes {
  const busy = { storeTimeout: 1_500, heartbeat: 4_000, beatEvery: 500, beatGap: 2_000, silence: 4_500 };
  const times = { ...shrunkTimes(0.1), ...busy, controlEvery: 200, ...over };
  const broken = violatedOrder(times);
  if (broken !== undefined) throw new Error(`the times do not hold together: ${broken}`);
  return times;
}
