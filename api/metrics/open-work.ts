import { Gauge, type Registry } from 'prom-client';
import { TRANSPORT_STATES } from '../../domain/delivery/transport-health.js';
import { WAITING_REASONS } from '../../domain/waiting/waiting.js';
import { WAITING_KINDS, waitingTotals } from '../../services/waiting/waiting-totals.js';
import type { Deps } from '../wiring.js';
import { sharedReading } from './reading.js';

/** Milliseconds between two readings of the store. */
const READ_EVERY_MS = 10_000;

/** Waits for a value at most for the time of a scrape. */
type WithinTimeout = <T>(value: Promise<T>) => Promise<T | undefined>;

/**
 * Totals over all accounts from the store: the same in every process, and no values while the store is down. However many
 * scrapes there are, each is read once in ten seconds.
 */
export function watchOpenWork(registry: Registry, deps: Deps, within: WithinTimeout): void {
  const { campaigns, messages, openWork, sweepRecords } = deps;
  const every = deps.metricsReadEvery ?? READ_EVERY_MS;
  const gauge = { registry, within, every };

  labelled(gauge, 'everpost_campaigns', 'Campaigns in progress, by state.', 'state', async () => {
    const counts = await campaigns.countUnderWay();
    return Object.fromEntries(counts.map(({ state, count }) => [state, count]));
  });
  labelled(gauge, 'everpost_campaigns_stopped', 'Paused campaigns that name a reason, by reason.', 'reason', () =>
    openWork.stoppedCampaigns(),
  );
  watchWaiting(gauge, deps);
  plain(gauge, 'everpost_messages_open', 'Messages that have not ended.', () => messages.countOpen());
  plain(
    gauge,
    'everpost_messages_oldest_due_seconds',
    'Time for which the longest-waiting message is due: accepted, scheduled for a time that has come, or to be retried.',
    async () => (await openWork.messageAge()) / 1_000,
  );
  plain(gauge, 'everpost_sweep_age_seconds', 'Time since the end of the last pass of the sweep.', async () => {
    const last = await sweepRecords.last();
    return last === null ? undefined : last.age / 1_000;
  });
  plain(
    gauge,
    'everpost_sweep_troubles',
    'Parts of the sweep that failed in its last pass, or still run.',
    async () => (await sweepRecords.last())?.troubles.length,
  );
  labelled(
    gauge,
    'everpost_event_log_age_seconds',
    'Age of the oldest event that a reader of the event log has not read: the sequencer, or the slowest webhook endpoint.',
    'reader',
    async () => {
      const [sequencer, [slowest]] = await Promise.all([openWork.sequencerAge(), openWork.waitingEndpoints(1)]);
      return { sequencer: sequencer / 1_000, webhooks: (slowest?.age ?? 0) / 1_000 };
    },
  );
  labelled(gauge, 'everpost_transports', 'Enabled transports and the one of SMTP_URL, by state.', 'state', async () => {
    const counts: Record<string, number> = Object.fromEntries(TRANSPORT_STATES.map((state) => [state, 0]));
    for (const { state } of await openWork.transportStates()) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  });
}

function watchWaiting(gauge: GaugeSettings, deps: Deps): void {
  byLabels(
    gauge,
    'everpost_waiting',
    'What does not move, by kind and by the reason that the API shows. An issue counts until its campaign is launched.',
    ['kind', 'reason'],
    async () => {
      const totals = await waitingTotals(deps);
      return WAITING_KINDS.flatMap((kind) =>
        Object.keys(WAITING_REASONS).map((reason) => {
          const total = totals.find((one) => one.kind === kind && one.reason === reason);
          return { labels: { kind, reason }, value: total?.count ?? 0 };
        }),
      );
    },
  );
}

interface GaugeSettings {
  readonly registry: Registry;
  readonly within: WithinTimeout;
  readonly every: number;
}

function plain(
  { registry, within, every }: GaugeSettings,
  name: string,
  help: string,
  read: () => Promise<number | undefined>,
): void {
  const reading = sharedReading(read, every);
  const gauge: Gauge = new Gauge({
    name,
    help,
    registers: [registry],
    collect: async () => {
      const value = await within(reading());
      if (value === undefined) gauge.remove();
      else gauge.set(value);
    },
  });
}

function labelled(
  settings: GaugeSettings,
  name: string,
  help: string,
  label: string,
  read: () => Promise<Readonly<Record<string, number>>>,
): void {
  byLabels(settings, name, help, [label], async () =>
    Object.entries(await read()).map(([of, value]) => ({ labels: { [label]: of }, value })),
  );
}

interface LabelledValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function byLabels(
  { registry, within, every }: GaugeSettings,
  name: string,
  help: string,
  labelNames: readonly string[],
  read: () => Promise<readonly LabelledValue[]>,
): void {
  const reading = sharedReading(read, every);
  const gauge = new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect: async () => {
      const values = await within(reading());
      gauge.reset();
      for (const { labels, value } of values ?? []) gauge.set(labels, value);
    },
  });
}
