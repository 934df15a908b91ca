import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { now, useClock } from '../../../../clock.js';
import { anApi, aStranger, type TestApi } from '../../../support/api/api.js';
import { forceMessage, keyed, post, recordingMessageEngine, rows } from '../../../support/api/messages.js';

let api: TestApi;
const engine = recordingMessageEngine();
let restoreClock = () => {};

beforeAll(async () => {
  api = await anApi({}, { engine });
});
afterEach(async () => {
  restoreClock();
  await repeats(false);
});
afterAll(() => api.close());

const repeats = (detect_repeats: boolean) => api.call('PATCH /api/v1/account', { payload: { detect_repeats } });
const inMinutes = (minutes: number) => {
  const at = new Date(now().getTime() + minutes * 60_000);
  restoreClock = useClock({ now: () => at });
};

describe('with an Idempotency-Key', () => {
  test('fifty concurrent posts create one message and have one response', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(api, { tags: ['fifty'] }, keyed('fifty'))));
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] !== 'true')).toHaveLength(1);
    const id = answers[0]?.json().data.id;
    expect(await rows(api, { key: 'fifty' })).toHaveLength(1);
    expect(engine.notified.filter((one) => one === id)).toHaveLength(1);
  });

  test('a repeated request has the first response, whatever has become of the message', async () => {
    const first = await post(api, { cc: ['bo@example.org'] }, keyed('repeated'));
    const { id } = first.json().data;
    const since = new Date(now().getTime() + 5_000);
    await forceMessage(api, id, { state: 'sent', attempt: 2, due: since, updated_at: since, run: 'messages/any' });
    const again = await post(api, { cc: ['bo@example.org'] }, keyed('repeated'));
    expect([again.statusCode, again.headers['idempotent-replayed'], again.body]).toEqual([202, 'true', first.body]);
    expect(await rows(api, { group: id })).toHaveLength(2);
  });

  test('a message stores no second row for its key', async () => {
    await post(api, {}, keyed('alone'));
    expect(await api.store.db.collection('stored_responses').countDocuments({ account: api.account })).toBe(0);
  });

  test('another body is refused', async () => {
    await post(api, {}, keyed('other'));
    const answer = await post(api, { subject: 'Another' }, keyed('other'));
    expect([answer.statusCode, answer.json().error.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('an accepted request stays accepted, even if it would be refused now', async () => {
    const soon = { to: 'leaving@example.org', scheduled_at: new Date(now().getTime() + 60_000).toISOString() };
    const first = (await post(api, soon, keyed('today'))).json().data;
    await api.deps.suppressions.add(api.account, 'leaving@example.org', 'manual', null);
    inMinutes(10);
    const again = await post(api, soon, keyed('today'));
    expect([again.statusCode, again.json().data.id]).toEqual([202, first.id]);
    expect((await post(api, soon, keyed('tomorrow'))).statusCode).toBe(422);
  });

  test('equal keys of two accounts are independent', async () => {
    const mine = (await post(api, {}, keyed('ours'))).json().data;
    const { key } = await aStranger(api);
    const theirs = (await post(api, {}, { ...keyed('ours'), key })).json().data;
    expect(theirs.id).not.toBe(mine.id);
  });

  test('an unknown outcome names the id of the message', async () => {
    const { accept } = api.deps.messages;
    api.deps.messages.accept = async ([row]) => ({ kind: 'unknown', id: row?._id ?? '' });
    const answer = await post(api, {}, keyed('unknown'));
    api.deps.messages.accept = accept;
    expect([answer.statusCode, answer.json().error.code]).toEqual([503, 'unavailable']);
    expect(answer.json().error.message).toMatch(/GET \/messages\/[0-9a-f-]{36} /);
    expect((await post(api, {}, keyed('unknown'))).statusCode).toBe(202);
  });
});

describe('without an Idempotency-Key', () => {
  test('equal mails are two messages, unless the account has repeat detection', async () => {
    const [one, two] = [(await post(api)).json().data, (await post(api)).json().data];
    expect(one.id).not.toBe(two.id);
  });

  test('an equal mail within the hour is the same message, with a warning, also twenty at once', async () => {
    await repeats(true);
    const mail = { subject: 'Equal', tags: ['a'] };
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(api, mail)));
    expect(new Set(answers.map((answer) => answer.json().data.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.json().data.warning === undefined)).toHaveLength(1);
    const [first] = answers;
    inMinutes(59);
    const later = (await post(api, { ...mail, tags: ['other'] })).json().data;
    expect([later.id, later.warning]).toEqual([first?.json().data.id, expect.stringContaining('within the last hour')]);
  });

  test.each([{ to: 'other@example.org' }, { subject: 'Other' }, { text: 'Other' }, { from: 'other@example.org' }])(
    'a request that differs in %j is another message',
    async (difference) => {
      await repeats(true);
      const one = (await post(api, { subject: 'Differs' })).json().data;
      const two = (await post(api, { subject: 'Differs', ...difference })).json().data;
      expect([one.id === two.id, two.warning]).toEqual([false, undefined]);
    },
  );

  test('after an hour, under a key, or after a failure it is another message', async () => {
    await repeats(true);
    const mail = { subject: 'Again' };
    const ids = [(await post(api, mail)).json().data.id];
    ids.push((await post(api, mail, keyed('again'))).json().data.id);
    await forceMessage(api, ids[0], { state: 'failed' });
    ids.push((await post(api, mail)).json().data.id);
    inMinutes(61);
    ids.push((await post(api, mail)).json().data.id);
    expect(new Set(ids).size).toBe(4);
  });
});
