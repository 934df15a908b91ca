import { afterEach, expect, test } from 'vitest';
import { sweepInbound } from '../../../activities/inbound/sweep.js';
import { uncertainRecipients } from '../../../store/campaigns/uncertain-recipients.js';
import { events } from '../../../store/events/events.js';
import { inbound } from '../../../store/inbound/inbound.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { watchInbound } from '../../../workers/watch.js';
import {
  aSentCampaign,
  eventTypesOf,
  inboundDeps,
  type SentCampaign,
  suppressedAmong,
} from '../../support/activities/inbound-fixture.js';
import { aReport } from '../../support/mail/reports.js';
import { anException } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';
import { until } from '../../support/until.js';

const store = ownStore();
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const aBounce = (sent: SentCampaign) => aReport('postfix-unknown-user', sent.about(0));
const verdict = async (id: string) => (await inbound(store).find(id))?.verdict;
/** A worker that is notified of reports and runs no sweep. */
const aWorker = () =>
  open.push(
    watchInbound({
      inbound: inbound(store),
      read: () => sweepInbound(inboundDeps(store)),
      log: { warn: () => undefined },
    }),
  );

test('a report is processed on arrival, without waiting for the sweep', async () => {
  const sent = await aSentCampaign(store, 1);
  aWorker();
  aWorker();
  const ids: string[] = [];
  // The stream opens asynchronously: until it reports, another mail is handed in.
  await until(async () => {
    const raw = Buffer.concat([aBounce(sent), Buffer.from(`\r\n${ids.length}`)]);
    ids.push(await inbound(store).saveMail(null, raw, []));
    return (await Promise.all(ids.map(verdict))).includes('bounced');
  }, 20_000);
  expect(await eventTypesOf(store, sent, 0)).toEqual(['recipient.bounced', 'subscriber.bounced']);
});

const DEATH = async () => Promise.reject(new Error('the process ends here'));
/** What a worker has and has not done when it is killed. */
const DEATHS: Readonly<Record<string, () => Parameters<typeof inboundDeps>[1]>> = {
  'before it began': () => ({ linkKeys: { ring: DEATH } }),
  'before the first event': () => ({ events: { ...events(store), append: DEATH } }),
  'before the recipient was settled': () => ({
    uncertainRecipients: { ...uncertainRecipients(store), recordLateEvidence: DEATH },
  }),
  'before the event of that': () => ({ uncertainRecipients: { ...uncertainRecipients(store), page: DEATH } }),
  'before the address was suppressed': () => ({ subscribers: { ...subscribers(store), suppress: DEATH } }),
  'before the campaign was checked': () => ({ guard: DEATH }),
  'before the row was done': () => ({ inbound: { ...inbound(store), done: DEATH, retryLater: DEATH } }),
};

test.each(Object.keys(DEATHS))(
  'a worker is killed between storing and processing, %s: the next one processes once',
  async (when) => {
    const sent = await aSentCampaign(store, 1, [anException({ i: 0, kind: 'uncertain', class: 'owner_lost' })]);
    const id = await inbound(store).saveMail(null, aBounce(sent), []);
    await sweepInbound(inboundDeps(store, DEATHS[when]?.())).catch(() => undefined);
    expect(await verdict(id)).toBeNull();

    // Its claim is over.
    await store.db.collection<{ _id: string }>('inbound').updateOne({ _id: id }, { $set: { sweep_at: new Date(0) } });
    await Promise.all([sweepInbound(inboundDeps(store)), sweepInbound(inboundDeps(store))]);
    expect(await verdict(id)).toBe('bounced');
    expect(await eventTypesOf(store, sent, 0)).toEqual(['recipient.bounced', 'recipient.failed', 'subscriber.bounced']);
    expect(await suppressedAmong(store, sent)).toEqual([0]);
    const page = await store.db.collection('ledger').findOne({ campaign: sent.campaign._id });
    expect(page?.['exceptions']).toMatchObject([{ i: 0, kind: 'failed', class: 'invalid_recipient' }]);
    const event = await store.db
      .collection<{ _id: string }>('events')
      .findOne({ type: 'subscriber.bounced', campaign: sent.campaign._id });
    expect(event?._id).toBe(`subscriber:${sent.readers[0]}:bounced`);
  },
);

test('a report without a result can be read for the configured days, then its content is deleted', async () => {
  const sent = await aSentCampaign(store, 1);
  const keep = async (readableFor: number) => {
    const text = aReport('free-text', sent.about(0))
      .toString()
      .replace(/no mailbox here.*/, 'it did not work.');
    const raw = Buffer.from(`${text}\r\n${readableFor}`);
    const id = await inbound(store).saveMail(null, raw, []);
    await sweepInbound(inboundDeps(store, { readableFor }));
    return inbound(store).find(id);
  };
  const row = await keep(60_000);
  expect(row).toMatchObject({ verdict: 'unparsed', raw: expect.anything() });
  await inbound(store).deleteContent(new Date((row?.readable_until?.getTime() ?? 0) - 1));
  expect(await inbound(store).find(row?._id ?? '')).toHaveProperty('raw');
  await inbound(store).deleteContent(row?.readable_until ?? new Date(0));
  expect(await inbound(store).find(row?._id ?? '')).not.toHaveProperty('raw');
  expect(await keep(0)).toMatchObject({ verdict: 'unparsed' });
  expect(await keep(0)).not.toHaveProperty('raw');
});

test('a worker that returns after another has processed the row undoes nothing', async () => {
  const sent = await aSentCampaign(store, 1);
  const id = await inbound(store).saveMail(null, aBounce(sent), []);
  const claimed = await inbound(store).find(id);
  if (claimed === null) throw new Error('no row was stored');
  await sweepInbound(inboundDeps(store));
  await inbound(store).retryLater(claimed, new Date(0));
  await inbound(store).done(claimed, 'given_up');
  expect(await inbound(store).find(id)).toMatchObject({ verdict: 'bounced', sweep_at: null, tries: 0 });
});

test('of two workers at once one claims a row, and the other does not wait for it', async () => {
  const sent = await aSentCampaign(store, 1);
  const id = await inbound(store).saveMail(null, aBounce(sent), []);
  const seen: unknown[] = [];
  const counted = {
    ...events(store),
    append: async (appended: readonly unknown[]) => {
      seen.push(appended);
    },
  };
  const over = { events: counted };
  await Promise.all(Array.from({ length: 4 }, () => sweepInbound(inboundDeps(store, over))));
  expect(await verdict(id)).toBe('bounced');
  expect(seen).toHaveLength(1);
});
