import { expect, test } from 'vitest';
import { trackingOf } from '../../../activities/campaign/letters.js';
import type { Account } from '../../../store/accounts/accounts.js';
import { aLetter } from '../../support/mail/letters.js';

const LETTER = aLetter({ html: '<a href="https://a.test/x">x</a>' });
const NUMBERS = new Map([['https://a.test/x', 1]]);

/** The tracking under these settings of campaign and account, and the stored destinations. */
async function followed(settings: { track_opens: boolean; track_clicks: boolean }, track?: boolean) {
  const stored: (readonly string[])[] = [];
  const deps = {
    accounts: { find: async () => ({ track }) as unknown as Account },
    links: {
      number: async (_: unknown, urls: readonly string[]) => {
        stored.push(urls);
        return new Map([...NUMBERS].filter(([url]) => urls.includes(url)));
      },
    },
  };
  const all = { rate_per_second: null, on_uncertain: 'hold', ttl_hours: 24, ...settings } as const;
  const { tracking } = await trackingOf(deps, { _id: 7, account: 3, settings: all }, LETTER);
  return { tracking, stored };
}

test.each([
  [true, true, { opens: true, links: NUMBERS }],
  [true, false, { opens: true, links: new Map() }],
  [false, true, { opens: false, links: NUMBERS }],
])('a campaign that follows opens: %s, clicks: %s', async (track_opens, track_clicks, tracking) => {
  expect((await followed({ track_opens, track_clicks })).tracking).toEqual(tracking);
});

test('a campaign or account that disables tracking has no tracking and stores no destination', async () => {
  const nothing = { tracking: undefined, stored: [] };
  expect(await followed({ track_opens: false, track_clicks: false })).toEqual(nothing);
  expect(await followed({ track_opens: true, track_clicks: true }, false)).toEqual(nothing);
});
