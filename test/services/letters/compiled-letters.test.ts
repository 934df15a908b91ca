import { expect, test } from 'vitest';
import { readConfig } from '../../../config.js';
import { compiledLetters } from '../../../services/letters/compiled-letters.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { stores } from '../../../store/stores.js';
import type { TrackedLinks } from '../../../store/tracking/links.js';
import { aDraft } from '../../support/store/campaigns.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const rows = () => stores(store, { secret: 'a secret for the tests' });

const URL = 'https://a.test/x';
const NUMBERS = new Map([[URL, 1]]);

function aCampaign(settings: { track_opens: boolean; track_clicks: boolean }): Promise<Campaign> {
  const all = { rate_per_second: null, on_uncertain: 'hold', ttl_hours: 24, ...settings } as const;
  return aDraft(store, 0, { html: `<a href="${URL}">x</a>`, settings: all });
}

/** The tracking of the compiled letter, and the destinations that were stored for it. */
async function followed(campaign: Campaign) {
  const { letter } = await compiledLetters({ ...rows(), config: readConfig({}) }).of(campaign);
  const links = store.db.collection<TrackedLinks>('links');
  const stored = await links.findOne({ _id: `campaign:${campaign._id}` });
  return { tracking: letter.tracking, stored: stored?.urls };
}

const NOTHING = { tracking: undefined, stored: undefined };

test.each([
  [true, true, { opens: true, links: NUMBERS }, [URL]],
  [true, false, { opens: true, links: new Map() }, []],
  [false, true, { opens: false, links: NUMBERS }, [URL]],
])('a campaign that follows opens: %s, clicks: %s', async (track_opens, track_clicks, tracking, stored) => {
  expect(await followed(await aCampaign({ track_opens, track_clicks }))).toEqual({ tracking, stored });
});

test('a campaign or account that disables tracking has no tracking and stores no destination', async () => {
  expect(await followed(await aCampaign({ track_opens: false, track_clicks: false }))).toEqual(NOTHING);
  const campaign = await aCampaign({ track_opens: true, track_clicks: true });
  await rows().accounts.change(campaign.account, { track: false });
  expect(await followed(campaign)).toEqual(NOTHING);
  await rows().accounts.change(campaign.account, { track: true });
  expect((await followed(campaign)).tracking).toBeDefined();
});
