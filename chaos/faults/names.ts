/** The faults that a run can inject. */
export const FAULTS = [
  'worker_killed',
  'worker_frozen',
  'api_killed',
  'api_frozen',
  'mongodb_primary_killed',
  'temporal_killed',
  'temporal_emptied',
  'connections_dropped_at_mail',
  'connections_dropped_at_rcpt',
  'connections_dropped_at_data',
  'connections_dropped_in_body',
  'connections_dropped_after_dot',
  'replies_421',
  'replies_450',
  'replies_452',
  'replies_550',
  'receiver_silent',
  'receiver_away',
  'campaign_terminated',
  'campaign_reset',
  'rolling_restart',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** Faults that no run injects, and why. */
export const NOT_TRIED: Readonly<Record<string, string>> = {
  disk_full: 'needs a file system of a limited size, which only root can mount',
  worker_clock_jumps: 'needs libfaketime',
};
