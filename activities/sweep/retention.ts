import { monotonic, now } from '../../clock.js';
import type { Config } from '../../config.js';
import type { Retention } from '../../store/retention/retention.js';

export interface RetentionDeps {
  readonly retention: Omit<Retention, 'erasePerson'>;
  readonly config: Pick<Config, 'retentionDays'>;
}

const DAY = 86_400_000;
/** Milliseconds of one pass of the sweep; the next one goes on. */
const PASS_MS = 10_000;

/**
 * Once a night: forgets what is older than its setting says (0 keeps for ever), and what nobody names any more. In pieces, a
 * pass after the other; begun again an hour later where it broke off.
 */
export async function runNightlyRetention({ retention, config }: RetentionDeps, pass = PASS_MS): Promise<void> {
  const { events, messages } = config.retentionDays;
  if (!(await retention.claimNightlyRun())) return;
  const ago = (days: number) => new Date(now().getTime() - days * DAY);
  const startedAt = monotonic();
  const mayGoOn = () => monotonic() - startedAt < pass;
  // Also where nothing is too old: people are erased by day.
  await retention.deleteErased();
  const eventsDone = events === 0 || (await retention.deleteOldEvents(ago(events), mayGoOn));
  const messagesDone = messages === 0 || (eventsDone && (await retention.deleteOldMessages(ago(messages), mayGoOn)));
  if (!eventsDone || !messagesDone) return retention.continueNightlyRun();
  await retention.deleteUnreferencedContents();
  await retention.deleteUnreferencedFiles();
  await retention.finishNightlyRun();
}
