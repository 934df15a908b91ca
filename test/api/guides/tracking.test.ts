import { afterAll, beforeAll, expect, test } from 'vitest';
import { useClock } from '../../../clock.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../support/api/api.js';
import { followStep, guideSteps } from '../../support/api/guide.js';
import { LONG_AGO, storedLinks, tokenFor, visit } from '../../support/api/tracking.js';

const STEPS = guideSteps('tracking.md');
const [asked, read] = [
  STEPS.filter(({ line }) => line.includes('-X')),
  STEPS.filter(({ line }) => !line.includes('-X')),
];
const READER = 2;

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
  const list = await aList(api);
  await aSubscriber(api, list, { email: 'ana@example.org' });
  await aSubscriber(api, list, { email: 'bo@example.org' });
});
afterAll(() => api.close());

test('the guide turns tracking off and on, and reads the results', () => {
  expect([asked.length, read.length]).toEqual([4, 3]);
});

test.each(asked)('$line', (step) => followStep(api, step));

test('the visits that the guide reads are recorded', async () => {
  await storedLinks(api, 1, ['https://shop.example/tea']);
  const token = await tokenFor(api, 1, READER);
  await visit(api, `/c/${token}/1`);
  useClock({ now: () => new Date(Date.now() + 60_000) });
  await visit(api, `/c/${token}/1`);
  useClock({})();
  await visit(api, `/c/${token}/1`, { 'user-agent': 'Mozilla/5.0 (compatible; Mimecast URL scanner)' });
  const { id: uuid } = (await api.call('GET /api/v1/messages/1')).json().data;
  const source = { kind: 'message', account: api.account, id: 1, uuid } as const;
  await api.deps.links.number(source, ['https://shop.example/orders/7']);
  const mine = linkTokens(await api.deps.linkKeys.ring()).forMessage(api.account, 1, LONG_AGO);
  expect((await visit(api, `/c/${mine}/1`)).headers.location).toBe('https://shop.example/orders/7');
});

test.each(read)('$line', (step) => followStep(api, step));
