import { MACHINES } from './machines.js';

/** What is known of one visit to a tracked link or to the pixel, before anybody judges it. */
export interface Visit {
  readonly what: 'opened' | 'clicked';
  readonly userAgent: string;
  /** The browser says that nobody has asked for it yet. */
  readonly prefetched: boolean;
  /** A list of robots that is kept elsewhere knows this user agent. */
  readonly knownRobot: boolean;
  /** Since the mail was made, in milliseconds; undefined where nobody knows. */
  readonly age: number | undefined;
}

export interface VisitClass {
  readonly by: 'person' | 'machine';
  /** Why a machine: one stable word. */
  readonly rule: string | null;
}

const PERSON: VisitClass = { by: 'person', rule: null };

/** Nobody reads a mail this soon after it was made; scanners follow its links before it is shown. */
export const TOO_SOON = 5_000;

/** Several links of one mail within this many milliseconds before or after one another: nobody clicks like this. */
export const BURST = { links: 3, within: 2_000 } as const;

/** What one visit alone tells. Bursts show only beside other visits: the statistics judge them. */
export function classifyVisit({ what, userAgent, prefetched, knownRobot, age }: Visit): VisitClass {
  const agent = userAgent.trim();
  if (agent === '') return { by: 'machine', rule: 'no_user_agent' };
  const known = MACHINES.agents.find(
    ({ pattern, only }) => (only === undefined || only === what) && pattern.test(agent),
  );
  if (known !== undefined) return { by: 'machine', rule: known.rule };
  if (prefetched) return { by: 'machine', rule: 'prefetch' };
  if (knownRobot) return { by: 'machine', rule: 'robot' };
  return age !== undefined && age < TOO_SOON ? { by: 'machine', rule: 'too_soon' } : PERSON;
}

/** A subscriber says with an attribute that nobody is to follow what they read: `track: false` or `do_not_track: true`. */
export function refusesTracking(attributes: Readonly<Record<string, unknown>>): boolean {
  return means(attributes['track'], false) || means(attributes['do_not_track'], true);
}

/** CSV files know only text. */
function means(value: unknown, wanted: boolean): boolean {
  if (typeof value === 'boolean') return value === wanted;
  const words = wanted ? ['true', 'yes', '1'] : ['false', 'no', '0'];
  return (typeof value === 'string' || typeof value === 'number') && words.includes(String(value).trim().toLowerCase());
}
