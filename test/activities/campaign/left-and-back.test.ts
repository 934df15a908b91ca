import { expect, test } from 'vitest';
import { deferringDomains } from '../../../activities/campaign/deferring-domains.js';
import { openRecipientReader } from '../../../activities/campaign/page/recipient-reader.js';
import { now } from '../../../clock.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import { aSentCampaign, type SentCampaign } from '../../support/activities/inbound-fixture.js';
import { aPage } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

/** For each recipient of a campaign whose audience was frozen at this time: `mail`, or the class of the skip. */
async function nextOf({ campaign, readers }: SentCampaign, frozenAt: Date) {
  const deps = {
    subscribers: subscribers(store),
    suppressions: suppressions(store),
    deferringDomains: deferringDomains(30_000),
    freshness: 10_000,
    frozenAt,
  };
  const page = aPage({ account: campaign.account, campaign: campaign._id, ids: [...readers] });
  const candidates = await openRecipientReader(deps, page).next(0, readers.length, readers.length);
  return candidates.map((one) => ('skip' in one ? one.skip.class : 'mail'));
}

test.each(['one by one', 'in a batch'])(
  'a recipient who left after the freeze is skipped by that campaign, also if they were added again %s',
  async (how) => {
    const sent = await aSentCampaign(store, 3);
    const { account, list_id: list } = sent.campaign;
    const frozenAt = now();
    const people = subscribers(store);
    const [leaver] = await people.findMany(account, [sent.readers[1] ?? 0]);
    if (leaver === undefined) throw new Error('there is no recipient');
    const { email, email_key } = leaver;
    await people.unsubscribe(account, email_key, list, { by: 'one_click' });
    expect(await nextOf(sent, frozenAt)).toEqual(['mail', 'unsubscribed', 'mail']);
    const again = { account, list, source: 'api' };
    if (how === 'in a batch') await people.addBatch({ ...again, requests: [{ email, email_key }] });
    else await people.subscribe({ ...again, ip: null, subscriber: { email, email_key } });
    expect((await people.findMany(account, [leaver._id]))[0]?.status).toBe('active');
    expect(await nextOf(sent, frozenAt)).toEqual(['mail', 'unsubscribed', 'mail']);
    // The next campaign is for them again.
    expect(await nextOf(sent, new Date(now().getTime() + 1))).toEqual(['mail', 'mail', 'mail']);
  },
);
