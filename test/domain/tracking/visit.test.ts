import { expect, test } from 'vitest';
import { classifyVisit, MACHINES, refusesTracking, TOO_SOON, type Visit } from '../../../domain/tracking/visit.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

const aVisit = (over: Partial<Visit> = {}): Visit => ({
  what: 'clicked',
  userAgent: FIREFOX,
  prefetched: false,
  knownRobot: false,
  age: 60_000,
  ...over,
});

test.each<[string, Partial<Visit>, string | null]>([
  ['a browser a minute later', {}, null],
  ['a phone', { userAgent: SAFARI }, null],
  ['a mail of unknown age', { age: undefined }, null],
  ['Mail Privacy Protection', { what: 'opened', userAgent: 'Mozilla/5.0' }, 'apple_privacy'],
  [
    'Gmail’s image proxy',
    {
      what: 'opened',
      userAgent: 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
    },
    'gmail_proxy',
  ],
  ['Yahoo’s proxy', { what: 'opened', userAgent: 'YahooMailProxy; https://help.yahoo.com/' }, 'yahoo_proxy'],
  ['a gateway that names itself', { userAgent: 'Barracuda Sentinel (EE)' }, 'scanner'],
  ['a program', { userAgent: 'python-requests/2.32' }, 'program'],
  ['a browser without a window', { userAgent: `${FIREFOX} HeadlessChrome/140` }, 'program'],
  ['no user agent', { userAgent: ' ' }, 'no_user_agent'],
  ['a browser that prefetches', { prefetched: true }, 'prefetch'],
  ['a robot of the external list', { knownRobot: true }, 'robot'],
  ['a visit before the mail is delivered', { age: TOO_SOON - 1 }, 'too_soon'],
  ['a visit at the limit', { age: TOO_SOON }, null],
])('%s', (_who, visit, rule) => {
  expect(classifyVisit(aVisit(visit))).toEqual({ by: rule === null ? 'person' : 'machine', rule });
});

test('each machine of the table has a rule of one stable word, and the table has a version', () => {
  for (const { rule } of MACHINES.agents) expect(rule).toMatch(/^[a-z_]+$/);
  expect(MACHINES.version).toMatch(/^\d{4}-\d\d-\d\d$/);
});

test.each([
  [{ track: true }, false],
  [{ track: null }, false],
  [{}, false],
  [{ do_not_track: false }, false],
  [{ do_not_track: 'no' }, false],
  [{ track: 'False' }, true],
  [{ track: 0 }, true],
])('%j refuses tracking: %s', (attributes, refuses) => {
  expect(refusesTracking(attributes)).toBe(refuses);
});
