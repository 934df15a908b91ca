/** A visit to a tracked link or to the pixel, before it is classified. */
export interface Visit {
  readonly what: 'opened' | 'clicked';
  readonly userAgent: string;
  /** The request is marked as a prefetch. */
  readonly prefetched: boolean;
  /** An external list of robots contains this user agent. */
  readonly knownRobot: boolean;
  /** Milliseconds since the mail was made; undefined if unknown. */
  readonly age: number | undefined;
}

export interface VisitClass {
  readonly by: 'person' | 'machine';
  /** The reason for `machine` in one stable word. */
  readonly rule: string | null;
}

const PERSON: VisitClass = { by: 'person', rule: null };

/** People do not read a mail this soon after it was made; scanners follow its links before delivery. */
export const TOO_SOON = 5_000;

/** So many links of one mail within this many milliseconds are clicks by a machine. */
export const BURST = { links: 3, within: 2_000 } as const;

/** Classifies a single visit. Bursts need several visits; the statistics detect them. */
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

/** Whether a subscriber's attributes refuse tracking: `track: false` or `do_not_track: true`. */
export function refusesTracking(attributes: Readonly<Record<string, unknown>>): boolean {
  return means(attributes['track'], false) || means(attributes['do_not_track'], true);
}

/** Values from CSV files are texts. */
function means(value: unknown, wanted: boolean): boolean {
  if (typeof value === 'boolean') return value === wanted;
  const words = wanted ? ['true', 'yes', '1'] : ['false', 'no', '0'];
  return (typeof value === 'string' || typeof value === 'number') && words.includes(String(value).trim().toLowerCase());
}

/** A program that fetches the links and images of a mail by itself. */
interface Machine {
  /** One stable word, stored in the event. */
  readonly rule: string;
  readonly pattern: RegExp;
  /** Set if the user agent may belong to a person in the other case. */
  readonly only?: 'opened' | 'clicked';
}

interface Machines {
  /** Raised with every change; stored events keep the verdict of their version. */
  readonly version: string;
  readonly agents: readonly Machine[];
}

/** Privacy proxies of mailbox providers and scanners of security gateways, by their user agents. */
export const MACHINES: Machines = {
  version: '2026-11-25',
  agents: [
    // Mail Privacy Protection fetches all images soon after arrival, with this user agent alone.
    { rule: 'apple_privacy', pattern: /^Mozilla\/5\.0$/ },
    { rule: 'gmail_proxy', pattern: /GoogleImageProxy/i },
    { rule: 'yahoo_proxy', pattern: /YahooMailProxy|YahooCacheSystem/i },
    { rule: 'other_proxy', pattern: /DuckDuckGo-Email|ProtonMail|FastmailImageProxy|SeznamEmailProxy/i },
    { rule: 'scanner', pattern: /Barracuda|Mimecast|Proofpoint|SafeLinks|FortiMail|Sophos|TrendMicro|Cloudmark/i },
    { rule: 'scanner', pattern: /BingPreview|SkypeUriPreview|Slackbot|WhatsApp\/|TelegramBot|facebookexternalhit/i },
    { rule: 'program', pattern: /^(?:curl|Wget|python-|Go-http-client|Java\/|okhttp|node-fetch|axios|undici|libwww)/i },
    { rule: 'program', pattern: /HeadlessChrome|PhantomJS|Puppeteer|Playwright/i },
  ],
};
