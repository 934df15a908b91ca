import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../servers/ports.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { NATIVE_NAMESPACE, type OwnServers, ownServers } from '../support/flow/own-servers.js';
import { KEY } from '../support/flow/plan.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

/** A lease that outlasts the start of a server on a busy machine. */
const LONGER = { lease: 40_000, trust: 25_000, renewEvery: 3_000, startToClose: 200_000, resendAfter: 300_000 };

let servers: OwnServers;
let world: World;
beforeAll(async () => {
  servers = await ownServers();
});
afterAll(() => servers?.close());
afterEach(() => world?.close());

test('a restart of MongoDB in mid-campaign leaves nobody in doubt', async () => {
  world = await aWorld({ servers, times: LONGER });
  await world.worker();
  const campaign = await world.launch(900, { settings: atRate(200) });
  await world.receiver.untilAccepted(200);
  await servers.killMongo();
  await servers.startMongo();
  await world.untilState(campaign, 'sent');
  const { totals } = await expectHonestLedger(world, campaign);
  expect(totals).toMatchObject({ sent: 900, uncertain: 0 });
});

test('a restart of Temporal in mid-campaign leaves nobody in doubt', async () => {
  world = await aWorld({ servers, times: LONGER });
  await world.worker();
  const campaign = await world.launch(900, { settings: atRate(150) });
  await world.receiver.untilAccepted(150);
  await servers.killTemporal();
  await servers.startTemporal();
  await world.untilState(campaign, 'sent');
  const { totals } = await expectHonestLedger(world, campaign);
  expect(totals).toMatchObject({ sent: 900, uncertain: 0 });
});

test('what an emptied Temporal has forgotten is started again, also what was sent while it was down', async () => {
  world = await aWorld({ servers, namespace: NATIVE_NAMESPACE, times: LONGER });
  const worker = await world.worker();
  const campaign = await world.launch(700, { settings: atRate(150) });
  await world.receiver.untilAccepted(100);
  await servers.killTemporal();
  await servers.emptyTemporal();
  const later = await sentByRequest();
  // Nobody restarts the worker: it finds that its sweep is gone.
  await servers.startTemporal();
  await world.untilState(campaign, 'sent');
  await world.untilState(later, 'sent');
  for (const one of [campaign, later]) {
    const { totals } = await expectHonestLedger(world, one);
    expect(totals).toMatchObject({ sent: totals.recipients, uncertain: 0 });
  }
  expect(await worker.end('SIGTERM')).toBe('0');
});

/** A campaign created by the test and sent through an API that cannot reach Temporal. */
async function sentByRequest() {
  const port = await freePort(0);
  await world.api(port);
  const draft = await world.draft(50);
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/campaigns/${draft._id}/send`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(answer.status).toBe(200);
  expect((await world.row(draft)).state).toBe('freezing');
  return draft;
}
