import { monotonic, now } from '../../clock.js';
import type { Config } from '../../config.js';
import type { Retention } from '../../store/retention/retention.js';

export interface RetentionDeps {
  readonly retention: Omit<Retention, 'erasePerson'>;
  readonly config: Pick<Config, 'retentionDays'>;
}

const DAY = 86_400_000;
/** Milliseconds of one pass; the next pass continues. */
const PASS_MS = 10_000;

/**
 * Runs once a night: deletes rows older than the configured days (0 keeps for ever), and contents and files without a
 * reference. The work is split over passes of the sweep; a run that broke off is started again an hour later.
 */
export async function runNightlyRetention({ retention, config }: RetentionDeps, pass = PASS_MS): Promise<void> {
  const { events, messages } = config.retentionDays;
  if (!(await retention.claimNightlyRun())) return;
  const ago = (days: number) => new Date(now().getTime() - days * DAY);
  const startedAt = monotonic();
  const mayGoOn = () => monotonic() - startedAt < pass;
  // Runs also when retention is off: erasures do not depend on it.
  await retention.deleteErased();
  const eventsDone = events === 0 || (await retention.deleteOldEvents(ago(events), mayGoOn));
  const messagesDone = messages === 0 || (eventsDone && (await retention.deleteOldMessages(ago(messages), mayGoOn)));
  if (!eventsDone || !messagesDone) return retention.continueNightlyRun();
  await retention.deleteUnreferencedContents();
  await retention.deleteUnreferencedFiles();
  await retention.finishNightlyRun();
}
