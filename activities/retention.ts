import { now } from '../clock.js';
import type { Config } from '../config.js';
import type { Retention } from '../store/retention.js';

export interface NightDeps {
  readonly retention: Omit<Retention, 'forgetPerson'>;
  readonly config: Pick<Config, 'keptDays'>;
}

const DAY = 86_400_000;

/** Once a night: forgets what is older than its setting says (0 keeps for ever), and what nobody names any more. Begun again an hour later where it was not finished. */
export async function forgetAtNight({ retention, config }: NightDeps): Promise<void> {
  const { events, messages } = config.keptDays;
  if (!(await retention.begins())) return;
  const ago = (days: number) => new Date(now().getTime() - days * DAY);
  if (events > 0) await retention.forgetEvents(ago(events));
  if (messages > 0) await retention.forgetMessages(ago(messages));
  // Also where nothing is too old: people are erased by day.
  await retention.forgetErased();
  await retention.forgetContents();
  await retention.forgetFiles();
  await retention.over();
}
