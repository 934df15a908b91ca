import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../../clock.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { keyed, post, rows } from '../../../support/api/messages.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi({ REQUIRE_VERIFIED_DOMAINS: 'on', MAIL_FROM: 'news@fallback.example' });
  await api.call('POST /api/v1/domains', { payload: { domain: 'mine.example' } });
});
afterAll(() => api.close());

const verified = (verified_at: Date | null) =>
  api.store.db.collection('domains').updateOne({ domain: 'mine.example' }, { $set: { verified_at } });

test.each([{}, { from: 'a@other.example' }, { from: 'a@mine.example' }, { from: 'a@sub.mine.example' }])(
  'a sender of an unverified domain is refused with its code: %j',
  async (fields) => {
    const answer = await post(api, fields);
    expect([answer.statusCode, answer.json().error.code]).toEqual([422, 'domain_not_verified']);
    expect(Object.keys(answer.json().error.errors)).toEqual(['from']);
    expect(await rows(api)).toEqual([]);
  },
);

test('once it is verified mail is accepted, in whatever case the domain is written', async () => {
  await verified(now());
  expect((await post(api, { from: 'a@Mine.Example' })).statusCode).toBe(202);
  const first = await post(api, { from: 'a@mine.example' }, keyed('verified'));
  await verified(null);
  await api.store.db.collection('stored_responses').deleteMany({});
  const again = await post(api, { from: 'a@mine.example' }, keyed('verified'));
  expect(again.json().data.id).toBe(first.json().data.id);
  expect((await post(api, { from: 'a@mine.example' })).statusCode).toBe(422);
});
