import { afterEach, beforeEach, expect, test } from 'vitest';
import { events } from '../../../cli/stories/events.js';
import { status } from '../../../cli/stories/status.js';
import { useClock } from '../../../clock.js';
import type { TransportHealth } from '../../../domain/delivery/transport-health.js';
import { events as eventLog } from '../../../store/events/events.js';
import { DEFAULT_TRANSPORT, transportHealth } from '../../../store/transports/health.js';
import { deliveries } from '../../../store/webhooks/deliveries.js';
import { endpoints } from '../../../store/webhooks/endpoints.js';
import { commandLine } from '../../support/everpost/command-line.js';
import { aDraft } from '../../support/store/campaigns.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';

const cli = commandLine();
const ASKED = { account: 1, json: false };
const NOON = new Date('2026-05-15T12:00:00Z');
const after = (seconds: number) => new Date(NOON.getTime() + seconds * 1_000);
let restore = () => {};
beforeEach(() => {
  restore = useClock({ now: () => NOON });
});
afterEach(() => restore());

test('without any work nothing waits and nothing is uncertain', async () => {
  await status(cli.config, ASKED);
  expect(cli.output).toEqual(['Nothing waits.', 'Nothing is uncertain.', 'Transports:', '  of SMTP_URL: unknown']);
});

test('what waits and what is uncertain has its name beside its number', async () => {
  const { _id: slow } = await aDraft(cli.store, 2, { subject: 'Slow letter' });
  const { _id: doubtful } = await aDraft(cli.store, 2, { subject: 'Doubtful letter' });
  const rows = cli.store.db.collection<{ _id: number }>('campaigns');
  await rows.updateOne({ _id: slow }, { $set: { state: 'paused', held: null } });
  await insertPages(cli.store, [
    aPage({ campaign: doubtful, ids: [1, 2], exceptions: [anException({ i: 1, kind: 'uncertain' })] }),
  ]);
  await status(cli.config, ASKED);
  expect(cli.output[1]).toMatch(new RegExp(`^ {2}1 campaign \\(paused\\), ${slow}, "Slow letter", since `));
  const since = '2026-05-15 09:00:12 UTC';
  expect(cli.output[3]).toBe(
    `  campaign ${doubtful}, "Doubtful letter": 1 recipient since ${since}; everpost campaign ${doubtful} names them`,
  );
  cli.clear();
  await status(cli.config, { ...ASKED, json: true });
  expect(JSON.parse(cli.output.join(''))).toMatchObject({
    waiting: [{ id: `${slow}`, name: 'Slow letter' }],
    uncertain: { campaigns: [{ campaign_id: doubtful, name: 'Doubtful letter' }] },
    transports: [{ transport_id: null, state: 'unknown' }],
  });
});

const health = (state: TransportHealth['state'], over: Partial<TransportHealth>): TransportHealth => {
  return { state, since: NOON, error: null, accepted_at: null, next_try: null, in_flight: 0, ...over };
};
const refused = { at: after(2), reply: 'connect ECONNREFUSED', phase: 'connect' } as const;

test.each<[string, TransportHealth, string]>([
  [
    'that is down, and for which nothing waits',
    health('down', { error: refused }),
    'down since 2026-05-15 12:00:00 UTC; last try on 2026-05-15 12:00:02 UTC, at connect: connect ECONNREFUSED; not tried by itself while nothing waits for it: the next mail tries it',
  ],
  [
    'that is down, and for which mail waits',
    health('down', { error: refused, next_try: after(60) }),
    'down since 2026-05-15 12:00:00 UTC; last try on 2026-05-15 12:00:02 UTC, at connect: connect ECONNREFUSED; next try on 2026-05-15 12:01:00 UTC',
  ],
  [
    'that is up in spite of an error',
    health('up', { error: { ...refused, phase: 'mail' } }),
    'up since 2026-05-15 12:00:00 UTC; last error of a single mail or connection, on 2026-05-15 12:00:02 UTC, at mail: connect ECONNREFUSED',
  ],
  [
    'that is up again',
    health('up', { since: after(9), error: refused }),
    'up since 2026-05-15 12:00:09 UTC; last error before that, on 2026-05-15 12:00:02 UTC, at connect: connect ECONNREFUSED',
  ],
])('a transport %s: when it was tried, and whether it is tried by itself', async (_, found, line) => {
  await cli.store.db.collection('transport_health').deleteMany({});
  const reporter = { process: 'one', use: 'bulk', version: 0 } as const;
  await transportHealth(cli.store, 60_000).report(DEFAULT_TRANSPORT, reporter, found);
  await status(cli.config, ASKED);
  expect(cli.output).toContain(`  of SMTP_URL: ${line}`);
});

test('a webhook that fails is named, and events wait behind those that it has to try first', async () => {
  const rows = endpoints(cli.store, '');
  const fields = { description: null, format: 'standard', ordered: false, events: ['campaign.paused'] } as const;
  const { row } = await rows.create(1, { ...fields, url: 'https://acme.example/hooks?key=secret', cursor: 0 });
  // Comes to later events only, and has no failures.
  await rows.create(1, { ...fields, url: 'https://late.example/hooks', cursor: 1_000 });
  const failing = { failures: 3, failing_since: NOON, rest_until: after(60) };
  await cli.store.db.collection<{ _id: number }>('endpoints').updateOne({ _id: row._id }, { $set: failing });
  const tried = { at: NOON, status: null, error: 'connection', ms: 5, answer: '' };
  const failed = { type: 'campaign.paused', state: 'waiting', attempt: 1, due: after(5), tried } as const;
  await deliveries(cli.store).record(row, [{ ...failed, event: 'evt_earlier', seq: 0 }]);
  for (const n of [1, 2, 3]) {
    const event = { _id: `campaign ${n} is paused`, account: 1, type: 'campaign.paused', campaign: n };
    await eventLog(cli.store).append([event], after(n));
  }
  await events(cli.config, { ...ASKED, type: 'campaign.paused', limit: 50 });
  const next = '2026-05-15 12:01:00 UTC';
  const behind = (what: string) =>
    `  webhook ${row._id}: waits behind ${what} of this webhook (acme.example, last error connection), which is tried again on ${next}`;
  expect(cli.output.filter((line) => line.includes('webhook'))).toEqual([
    `  webhook ${row._id}: waiting; next attempt on ${next}`,
    behind('1 event'),
    behind('2 events'),
  ]);
  cli.clear();
  await status(cli.config, ASKED);
  expect(cli.output.slice(-2)).toEqual([
    'Webhooks that fail:',
    `  ${row._id} (acme.example): fails since 2026-05-15 12:00:00 UTC; last error connection; nothing was delivered; 3 events not tried yet; next attempt on ${next}`,
  ]);
  expect(cli.output.join('')).not.toContain('secret');
  cli.clear();
  await events(cli.config, { ...ASKED, json: true, type: 'campaign.paused', limit: 1 });
  const { data } = JSON.parse(cli.output.join(''));
  expect(data[0].deliveries).toMatchObject([{ attempts: 0, events_ahead: 2, next_attempt_at: null }]);
});

test('the next delivery of an ordered webhook waits behind the one that failed', async () => {
  const fields = { description: null, format: 'standard', ordered: true, events: ['campaign.held'] } as const;
  const { row } = await endpoints(cli.store, '').create(1, { ...fields, url: 'https://order.example/', cursor: 0 });
  const tried = { at: NOON, status: 503, error: null, ms: 5, answer: '' };
  const failed = { type: 'campaign.held', state: 'waiting', attempt: 1, due: after(30), tried } as const;
  await deliveries(cli.store).record(row, [{ ...failed, event: 'evt_first', seq: 0 }]);
  const failing = { failures: 1, failing_since: NOON };
  await cli.store.db.collection<{ _id: number }>('endpoints').updateOne({ _id: row._id }, { $set: failing });
  await eventLog(cli.store).append([{ _id: 'held', account: 1, type: 'campaign.held', campaign: 7 }], NOON);
  await events(cli.config, { ...ASKED, type: 'campaign.held', limit: 1 });
  expect(cli.output[1]).toBe(
    `  webhook ${row._id}: waits behind 1 event of this webhook (order.example, last status 503), which is tried again on 2026-05-15 12:00:30 UTC`,
  );
});
