import { expect, test } from 'vitest';
import { deferringDomains } from '../../../activities/campaign/deferring-domains.js';
import { openRecipientReader } from '../../../activities/campaign/page/recipient-reader.js';
import { pagePublisher } from '../../../activities/campaign/publishing.js';
import { now } from '../../../clock.js';
import { decideForAddress, KNOWN_BAD_DOMAIN } from '../../../domain/delivery/suppression.js';
import { events } from '../../../store/events/events.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import {
  aSentCampaign,
  readReport,
  type SentCampaign,
  suppressedAmong,
} from '../../support/activities/inbound-fixture.js';
import { aReport } from '../../support/mail/reports.js';
import { anException, aPage } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const DOMAIN = 'example.test';
const noMail = (i: number) =>
  anException({
    i,
    kind: 'failed',
    class: 'bad_domain',
    scope: 'domain',
    reply: '556 null MX',
    rule: '3:no-domain',
    at: now(),
  });

const later = (ms: number) => new Date(now().getTime() + ms);

/** The recipients that a lane would mail, and the classes of the skipped ones. */
async function nextOf({ campaign, readers }: SentCampaign, roundStart?: Date) {
  const deps = {
    subscribers: subscribers(store),
    suppressions: suppressions(store),
    deferringDomains: deferringDomains(30_000),
    freshness: 10_000,
    roundStart,
  };
  const page = aPage({ account: campaign.account, campaign: campaign._id, ids: [...readers] });
  const candidates = await openRecipientReader(deps, page).next(0, readers.length, readers.length);
  return candidates.map((one) => ('skip' in one ? `${one.skip.kind} ${one.skip.class} ${one.skip.reply}` : 'mail'));
}

test('a domain that accepts no mail is stored for a day: its next recipients are deferred without a connection', async () => {
  const sent = await aSentCampaign(store, 2);
  const { account, _id: campaign } = sent.campaign;
  const stores = { events: events(store), subscribers: subscribers(store), suppressions: suppressions(store) };
  const publish = pagePublisher(stores);
  expect(await nextOf(sent)).toEqual(['mail', 'mail']);
  await publish(aPage({ account, campaign, page: 7, ids: [...sent.readers] }), [noMail(0)]);
  const known = 'bad_domain 556 null MX';
  expect(await nextOf(sent)).toEqual([`deferred ${known}`, `deferred ${known}`]);
  // A further round tries them again; they fail only where the domain refuses again in that round.
  expect(await nextOf(sent, later(60_000))).toEqual(['mail', 'mail']);
  expect(await nextOf(sent, later(-60_000))).toEqual([`failed ${known}`, `failed ${known}`]);
  // No address is suppressed for it, and other accounts are not affected.
  expect(await suppressedAmong(store, sent)).toEqual([]);
  expect(await suppressions(store).badDomainsAmong(account + 1, [DOMAIN])).toEqual(new Map());
  expect(await suppressions(store).badDomainsAmong(account, [DOMAIN, 'other.test'])).toEqual(
    new Map([[DOMAIN, { reply: '556 null MX', at: expect.any(Date) }]]),
  );

  const rows = store.db.collection<{ _id: string; at: Date }>('bad_domains');
  const before = await rows.findOne({ _id: `${account}:${DOMAIN}` });
  await publish(aPage({ account, campaign, page: 8, ids: [...sent.readers] }), [
    { ...noMail(1), rule: KNOWN_BAD_DOMAIN },
  ]);
  expect(await rows.findOne({ _id: `${account}:${DOMAIN}` })).toEqual(before);
  await rows.updateMany({}, { $set: { at: new Date((before?.at.getTime() ?? 0) - 24 * 3_600_000) } });
  expect(await nextOf(sent)).toEqual(['mail', 'mail']);
});

test('a report does not mark the whole domain; releasing an address of the domain removes the mark', async () => {
  const sent = await aSentCampaign(store, 1);
  const { account } = sent.campaign;
  const { recordBadDomain, badDomainsAmong } = suppressions(store);
  await suppressions(store).remove(account, `x@${DOMAIN}`);
  const raw = aReport('postfix-expired', sent.about(0)).toString().replace('Status: 4.4.1', 'Status: 5.1.2');
  expect(await readReport(store, Buffer.from(raw))).toBe('soft_bounced');
  expect(await badDomainsAmong(account, [DOMAIN])).toEqual(new Map());
  await recordBadDomain(account, DOMAIN, null, now());
  expect([...(await badDomainsAmong(account, [DOMAIN])).keys()]).toEqual([DOMAIN]);
  await suppressions(store).remove(account, `x@${DOMAIN}`);
  expect(await nextOf(sent)).toEqual(['mail']);
});

test.each([
  ['failed', 'bad_domain', undefined, 'server', 'nothing'],
  ['failed', 'bad_domain', '3:no-domain', 'server', 'record_bad_domain'],
  ['failed', 'bad_domain', '3:no-domain', 'report', 'nothing'],
  ['failed', 'bad_domain', KNOWN_BAD_DOMAIN, 'server', 'nothing'],
  ['deferred', 'bad_domain', undefined, 'server', 'nothing'],
  ['deferred', 'mailbox_full', undefined, 'server', 'count_soft_bounce'],
  ['deferred', 'mailbox_full', undefined, 'report', 'count_soft_bounce'],
  ['uncertain', 'mailbox_full', undefined, 'server', 'nothing'],
  ['failed', 'policy', undefined, 'server', 'nothing'],
  ['failed', 'invalid_recipient', undefined, 'server', 'suppress'],
  ['uncertain', 'invalid_recipient', undefined, 'server', 'suppress'],
  ['deferred', 'invalid_recipient', undefined, 'server', 'nothing'],
  ['skipped', 'invalid_recipient', undefined, 'server', 'nothing'],
] as const)('%s as %s (rule %s, from the %s): %s', (kind, reason, rule, source, decision) => {
  expect(decideForAddress({ kind, class: reason, ...(rule && { rule }) }, source)).toBe(decision);
});
