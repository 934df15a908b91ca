import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { keyed, MAIL, recordingMessageEngine, rows } from '../../../support/api/messages.js';

let api: TestApi;
const engine = recordingMessageEngine();

beforeAll(async () => {
  api = await anApi({}, { engine });
});
afterAll(() => api.close());

const batch = (messages: unknown[], options = {}) =>
  api.call('POST /api/v1/messages/batch', { ...options, payload: { messages } });

test('each item is accepted or refused on its own, in order', async () => {
  await api.deps.suppressions.add(api.account, 'gone@example.org', 'bounce', null);
  const answer = await batch([
    MAIL,
    { ...MAIL, to: 'invalid' },
    'nonsense',
    { ...MAIL, to: 'gone@example.org' },
    { ...MAIL, cc: ['bo@example.org'] },
    { ...MAIL, attachments: [{ name: 'a.exe', data: '' }] },
  ]);
  expect(answer.statusCode).toBe(202);
  const { data, meta } = answer.json();
  expect(meta).toEqual({ received: 6, accepted: 2, refused: 4 });
  expect(data.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(data[0].message).toMatchObject({ state: 'accepted', to: { email: 'ada@example.org' } });
  expect(data[1].error).toMatchObject({ code: 'validation_failed', errors: { to: expect.any(Array) } });
  expect(data[2].error.code).toBe('validation_failed');
  expect(data[3].error.code).toBe('recipient_suppressed');
  expect(data[4].message.additionalRecipients).toHaveLength(1);
  expect(data[5].error.code).toBe('attachment_type_forbidden');
  expect(await rows(api)).toHaveLength(3);
  expect(engine.notified).toHaveLength(3);
});

test('up to a thousand messages are accepted; an empty or longer batch is refused', async () => {
  expect((await batch([])).statusCode).toBe(422);
  expect((await batch(Array.from({ length: 1_001 }, () => MAIL))).statusCode).toBe(422);
  const { meta } = (
    await batch(Array.from({ length: 1_000 }, (_, at) => ({ ...MAIL, to: `p${at}@example.org` })))
  ).json();
  expect(meta).toEqual({ received: 1_000, accepted: 1_000, refused: 0 });
});

test('a batch with an Idempotency-Key is sent once, also after a lost response', async () => {
  const messages = [MAIL, { ...MAIL, to: 'invalid' }, { ...MAIL, subject: 'Second' }];
  const ids = async () =>
    (await batch(messages, keyed('batch'))).json().data.map(({ message }: { message?: { id: string } }) => message?.id);
  const first = await ids();
  await api.store.db.collection('stored_responses').deleteMany({});
  const before = (await rows(api)).length;
  expect(await ids()).toEqual(first);
  expect(await rows(api)).toHaveLength(before);
});

test('an outage fails the whole request, so that it may be repeated', async () => {
  const { accept } = api.deps.messages;
  let calls = 0;
  api.deps.messages.accept = async (group) => {
    calls += 1;
    return calls === 2 ? { kind: 'unknown', id: group[0]?._id ?? '' } : accept(group);
  };
  const messages = [MAIL, { ...MAIL, subject: 'Two' }, { ...MAIL, subject: 'Three' }];
  const failed = await batch(messages, keyed('outage'));
  api.deps.messages.accept = accept;
  expect(failed.statusCode).toBe(503);
  const answer = await batch(messages, keyed('outage'));
  expect(answer.json().meta.accepted).toBe(3);
  const kept = (await rows(api)).filter(({ key }) => key?.startsWith('outage '));
  expect(kept).toHaveLength(3);
});
