import { monotonic, now } from '../clock.js';
import type { Config } from '../config.js';
import type { Retention } from '../store/retention.js';

export interface NightDeps {
  readonly retention: Omit<Retention, 'forgetPerson'>;
  readonly config: Pick<Config, 'keptDays'>;
}

const DAY = 86_400_000;
/** Milliseconds of one pass of the sweep; the next one goes on. */
const PASS = 10_000;

/**
 * Once a night: forgets what is older than its setting says (0 keeps for ever), and what nobody names any more. In pieces, a
 * pass after the other; begun again an hour later where it broke off.
 */
export async function forgetAtNight({ retention, config }: NightDeps, pass = PASS): Promise<void> {
  const { events, messages } = config.keptDays;
  if (!(await retention.begins())) return;
  const ago = (days: number) => new Date(now().getTime() - days * DAY);
  const begun = monotonic();
  const mayGoOn = () => monotonic() - begun < pass;
  // Also where nothing is too old: people are erased by day.
  await retention.forgetErased();
  const eventsDone = events === 0 || (await retention.forgetEvents(ago(events), mayGoOn));
  const messagesDone = messages === 0 || (eventsDone && (await retention.forgetMessages(ago(messages), mayGoOn)));
  if (!eventsDone || !messagesDone) return retention.goesOn();
  await retention.forgetContents();
  await retention.forgetFiles();
  await retention.over();
}
