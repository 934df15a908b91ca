import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { now } from '../../../../clock.js';
import type { MessageState } from '../../../../domain/message/message.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { forceMessage, post, recordingMessageEngine, rows } from '../../../support/api/messages.js';

let api: TestApi;
const engine = recordingMessageEngine();

beforeAll(async () => {
  api = await anApi({}, { engine });
});
afterAll(() => api.close());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const inHours = (hours: number) => new Date(now().getTime() + hours * 3_600_000);

describe('POST /messages', () => {
  test('answers 202 with ids, after the row and before the workflow', async () => {
    const answer = await post(api, { tags: ['code'], metadata: { order: '1' } });
    expect(answer.statusCode).toBe(202);
    const { data } = answer.json();
    expect(data).toMatchObject({
      state: 'accepted',
      role: 'to',
      to: { email: 'ada@example.org', name: null },
      subject: 'Your code',
      tags: ['code'],
      metadata: { order: '1' },
      attempts: 0,
      additionalRecipients: [],
    });
    expect(data.id).toMatch(UUID);
    expect(data.group).toBe(data.id);
    expect(data.message_id).toBe(`<${data.id}@everpost.test>`);
    const [row] = await rows(api, { _id: data.id });
    expect(row).toMatchObject({ number: data.number, to_key: 'ada@example.org', state: 'accepted', attempt: 0 });
    expect(engine.notified.filter((id) => id === data.id)).toHaveLength(1);
  });

  test('creates a message for each cc and bcc, and reports the error of an invalid one', async () => {
    await api.deps.suppressions.add(api.account, 'left@example.org', 'manual', null);
    const answer = await post(api, {
      cc: [{ email: 'bo@example.org', name: 'Bo' }, 'not an address', 'ADA@example.org'],
      bcc: ['left@example.org', 'cy@example.org'],
    });
    const { data } = answer.json();
    const [bo, invalid, again, left, cy] = data.additionalRecipients;
    expect(bo).toEqual({ email: 'bo@example.org', role: 'cc', id: expect.stringMatching(UUID) });
    expect(invalid).toMatchObject({ email: 'not an address', role: 'cc', error: 'invalid_address' });
    expect(again).toMatchObject({ email: 'ADA@example.org', role: 'cc', error: 'already_a_recipient' });
    const message = 'This address is suppressed and gets no mail.';
    expect(left).toEqual({ email: 'left@example.org', role: 'bcc', error: 'recipient_suppressed', message });
    expect(cy).toEqual({ email: 'cy@example.org', role: 'bcc', id: expect.stringMatching(UUID) });
    const group = await rows(api, { group: data.id });
    expect(group.map(({ role, to_key }) => [role, to_key])).toEqual([
      ['to', 'ada@example.org'],
      ['cc', 'bo@example.org'],
      ['bcc', 'cy@example.org'],
    ]);
    expect(new Set(group.map(({ content }) => content)).size).toBe(1);
    const [primary] = group;
    if (primary === undefined) throw new Error('no row');
    const content = await api.deps.contents.ofMessage(primary);
    expect(content.cc).toEqual([{ email: 'bo@example.org', name: 'Bo' }]);
    expect(JSON.stringify(content)).not.toContain('cy@example.org');
    expect(group.every(({ _id }) => engine.notified.includes(_id))).toBe(true);
  });

  test('refuses a suppressed recipient with its code, and stores nothing', async () => {
    await api.deps.suppressions.add(api.account, 'gone@example.org', 'bounce', null);
    const answer = await post(api, { to: 'Gone@Example.org' });
    expect([answer.statusCode, answer.json().error.code]).toEqual([409, 'recipient_suppressed']);
    expect(await rows(api, { to_key: 'gone@example.org' })).toEqual([]);
  });

  test.each<[string, Record<string, unknown>]>([
    ['to', { to: 'invalid' }],
    ['to', { to: { email: 'jürgen@example.org' } }],
    ['to', { to: 'a@example.org, b@example.org' }],
    ['subject', { subject: '' }],
    ['subject', { subject: 'a\r\nBcc: eve@example.org' }],
    ['html', { text: '' }],
    ['from', { from: 'jürgen@example.org' }],
    ['from.name', { from: { email: 'eve@example.org', name: 'boss@bank.example' } }],
    ['from.name', { from: { email: 'eve@example.org', name: '=?utf-8?Q?ceo=40bank.example?=' } }],
    ['reply_to', { reply_to: 'jürgen@example.org' }],
    ['scheduled_at', { scheduled_at: '2001-01-01T00:00:00Z' }],
    ['expires_at', { expires_at: '2001-01-01T00:00:00Z' }],
    ['expires_at', { expires_at: inHours(24 * 31).toISOString() }],
    ['tags.0', { tags: [''] }],
    ['metadata.a b', { metadata: { 'a b': 'c' } }],
    ['metadata._bsontype', { metadata: { _bsontype: 'ObjectId' } }],
    ['nonsense', { nonsense: 1 }],
    ['headers.Bcc', { headers: { Bcc: 'eve@example.org' } }],
    ['headers.References', { headers: { References: ['<a@b.example>', '<c@d.example>'] } }],
  ])('refuses, naming %s: %j', async (field, fields) => {
    const answer = await post(api, fields);
    expect(answer.statusCode, answer.body).toBe(422);
    expect(Object.keys(answer.json().error.errors)).toContain(field);
  });

  test('takes the sender of the message, else the account’s, else MAIL_FROM', async () => {
    const domains = async (fields: Record<string, unknown>) => (await post(api, fields)).json().data.message_id;
    expect(await domains({})).toMatch(/@everpost\.test>$/);
    const named = await api.call('PATCH /api/v1/account', { payload: { mail_from: 'Acme <hello@acme.example>' } });
    expect(named.json().data).toMatchObject({ id: api.account, mail_from: 'Acme <hello@acme.example>' });
    expect(await domains({})).toMatch(/@acme\.example>$/);
    expect(await domains({ from: 'x@other.example' })).toMatch(/@other\.example>$/);
    await api.call('PATCH /api/v1/account', { payload: { mail_from: null } });
  });

  test('schedules a message, which expires a day after that time', async () => {
    const at = inHours(5);
    const { data } = (await post(api, { scheduled_at: at.toISOString() })).json();
    expect(data.scheduled_at).toBe(`${at.toISOString().slice(0, 19)}+00:00`);
    expect(data.next_attempt_at).toBe(data.scheduled_at);
    const [row] = await rows(api, { _id: data.id });
    expect(row?.due).toEqual(at);
    expect(row?.expires_at.getTime()).toBe(at.getTime() + 24 * 3_600_000);
  });
});

describe('GET /messages', () => {
  test('shows a message with its content and everything that happened to it', async () => {
    const posted = (await post(api, { html: '<p>Hi</p>', cc: ['bo@example.org'], headers: { 'X-Order': '1' } })).json();
    const { id, number } = posted.data;
    const at = '2026-05-15T09:00:12.000Z';
    const entry = {
      n: 1,
      at,
      outcome: 'deferred',
      class: 'greylisted',
      code: '4.2.0',
      reply: 'later',
      next: at,
    } as const;
    await forceMessage(api, id, {
      state: 'sent',
      attempt: 2,
      attempts: [entry, { ...entry, n: 2, outcome: 'sent', next: null }],
    });
    const { data } = (await api.call(`GET /api/v1/messages/${id}`)).json();
    expect(data).toMatchObject({
      ...{ id, state: 'sent', attempts: 2, from: { email: 'news@everpost.test' }, html: '<p>Hi</p>', text: '123456' },
      headers: { 'X-Order': '1' },
      cc: [{ email: 'bo@example.org' }],
      additionalRecipients: [{ email: 'bo@example.org', role: 'cc', id: posted.data.additionalRecipients[0].id }],
    });
    const shown = '2026-05-15T09:00:12+00:00';
    expect(data.timeline).toEqual([
      { at: data.created_at, event: 'accepted', attempt: null, class: null, code: null, reply: null, until: null },
      { at: shown, event: 'deferred', attempt: 1, class: 'greylisted', code: '4.2.0', reply: 'later', until: shown },
      { at: shown, event: 'sent', attempt: 2, class: 'greylisted', code: '4.2.0', reply: 'later', until: null },
    ]);
    expect((await api.call(`GET /api/v1/messages/${number}`)).json().data).toEqual(data);
    expect((await api.call(`GET /api/v1/messages/${id.toUpperCase()}`)).json().data.id).toBe(id);
  });

  test('pages by cursor, the newest first, and filters', async () => {
    const ids: string[] = [];
    for (const at of [1, 2, 3, 4, 5]) {
      ids.unshift((await post(api, { to: `p${at % 2}@example.org`, tags: ['paged'] })).json().data.id);
    }
    const walk = async (query: string) => {
      const seen: string[] = [];
      for (let after: string | null = ''; after !== null; ) {
        const next: string = after === '' ? '' : `&after=${after}`;
        const answer = await api.call(`GET /api/v1/messages?limit=2&${query}${next}`);
        const page = answer.json<{ data: { id: string }[]; meta: { next: string | null } }>();
        seen.push(...page.data.map(({ id }) => id));
        after = page.meta.next;
      }
      return seen;
    };
    expect(await walk('tag=paged')).toEqual(ids);
    expect(await walk('to=P1@EXAMPLE.org')).toEqual(ids.filter((_, at) => at % 2 === 0));
    await forceMessage(api, ids[1] ?? '', { state: 'failed' });
    expect(await walk('tag=paged&state=failed')).toEqual([ids[1]]);
    expect((await api.call('GET /api/v1/messages?state=lost')).statusCode).toBe(422);
  });

  test.each(['0', 'x', '01890a5d', '999999999'])('there is no message %s', async (id) => {
    expect((await api.call(`GET /api/v1/messages/${id}`)).statusCode).toBe(404);
  });
});

describe('POST /messages/{id}/cancel', () => {
  const cancel = (id: string) => api.call(`POST /api/v1/messages/${id}/cancel`);

  test.each<MessageState>(['accepted', 'deferred'])(
    'cancels a message that is %s, with its copies, and signals the workflow',
    async (state) => {
      const { data } = (await post(api, { bcc: ['cy@example.org'] })).json();
      await forceMessage(api, data.id, { state });
      const before = engine.notified.length;
      const answer = await cancel(data.id);
      expect([answer.statusCode, answer.json().data.state]).toEqual([200, 'cancelled']);
      expect((await rows(api, { group: data.id })).map((row) => row.state)).toEqual(['cancelled', 'cancelled']);
      expect(engine.notified.slice(before).sort()).toEqual([data.id, data.additionalRecipients[0].id].sort());
      expect((await cancel(data.id)).statusCode).toBe(200);
      const { timeline } = (await api.call(`GET /api/v1/messages/${data.id}`)).json().data;
      expect(timeline.at(-1).event).toBe('cancelled');
    },
  );

  test.each<[MessageState, string]>([
    ['sending', 'being_sent'],
    ['sent', 'not_cancellable'],
    ['failed', 'not_cancellable'],
    ['uncertain', 'not_cancellable'],
  ])('is refused for what is %s: %s', async (state, code) => {
    const { data } = (await post(api)).json();
    await forceMessage(api, data.id, { state });
    const answer = await cancel(data.id);
    expect([answer.statusCode, answer.json().error.code]).toEqual([409, code]);
  });
});

test('the account is read and changed, and an invalid sender is refused', async () => {
  const { data } = (await api.call('GET /api/v1/account')).json();
  const settings = { mail_from: null, detect_repeats: false, rate_per_second: null };
  expect(data).toMatchObject({ id: api.account, name: 'Everpost', ...settings });
  const limited = await api.call('PATCH /api/v1/account', { payload: { rate_per_second: 100 } });
  expect(limited.json().data).toEqual({ ...data, rate_per_second: 100 });
  await api.call('PATCH /api/v1/account', { payload: { rate_per_second: null } });
  const changed = await api.call('PATCH /api/v1/account', { payload: { name: 'Acme' } });
  expect(changed.json().data).toEqual({ ...data, name: 'Acme' });
  const refused = await api.call('PATCH /api/v1/account', { payload: { mail_from: 'Acme <invalid>' } });
  expect([refused.statusCode, Object.keys(refused.json().error.errors)]).toEqual([422, ['mail_from']]);
});

test('OpenAPI has the routes, with examples', async () => {
  const { paths } = (await api.call('GET /openapi.json')).json();
  expect(Object.keys(paths).filter((path) => path.startsWith('/api/v1/messages'))).toHaveLength(4);
  const posted = paths['/api/v1/messages'].post.requestBody.content['application/json'];
  expect(JSON.stringify(posted)).toContain('Your receipt');
});
