import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, type TestApi } from '../../support/api/api.js';

const MAIL = { subject: 'Hello', text: 'Hello' };
const SHOP = { email: 'shop@acme.example', name: 'Shop' };

let api: TestApi;
let list: number;
beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
  for (const email of ['ada@example.org', 'zoe@example.org'])
    await api.call('POST /api/v1/account/members', { payload: { name: 'Member', email, role: 'approver' } });
});
afterAll(() => api.close());

const send = async (payload: object) => {
  const answer = await api.call('POST /api/v1/messages', { payload: { ...MAIL, ...payload } });
  expect([answer.statusCode, answer.json().error?.errors]).toEqual([202, undefined]);
  return answer.json().data;
};
const errorsOf = async (route: string, payload: object) =>
  (await api.call(`POST /api/v1/${route}`, { payload })).json().error.errors;

test.each([
  ['ada@example.org', { email: 'ada@example.org', name: null }],
  [' Ada <ada@example.org> ', { email: 'ada@example.org', name: 'Ada' }],
  ['"Lovelace, Ada" <ada@example.org>', { email: 'ada@example.org', name: 'Lovelace, Ada' }],
  ['Lovelace, Ada <ada@example.org>', { email: 'ada@example.org', name: 'Lovelace, Ada' }],
  ['"Ada \\"Countess\\" Lovelace" <ada@example.org>', { email: 'ada@example.org', name: 'Ada "Countess" Lovelace' }],
  ['Zoë <zoe@example.org>', { email: 'zoe@example.org', name: 'Zoë' }],
  ['<ada@example.org>', { email: 'ada@example.org', name: null }],
  [['ada@example.org'], { email: 'ada@example.org', name: null }],
  [['Ada <ada@example.org>'], { email: 'ada@example.org', name: 'Ada' }],
  [[{ email: 'ada@example.org', name: 'Ada' }], { email: 'ada@example.org', name: 'Ada' }],
])('a message goes to the recipient written as %j', async (to, shown) => {
  expect(await send({ to })).toMatchObject({ to: shown, additionalRecipients: [] });
});

test('no copies may be null, and a list of one is a sender or a reply address', async () => {
  const { id } = await send({
    to: 'ada@example.org',
    cc: null,
    bcc: null,
    from: [SHOP],
    reply_to: ['shop@acme.example'],
  });
  const { data } = (await api.call(`GET /api/v1/messages/${id}`)).json();
  expect(data).toMatchObject({ from: SHOP, reply_to: { email: 'shop@acme.example' } });
  const letter = { list_id: list, subject: 'x', html: '<p>x</p>', reply_to: ['Shop <shop@acme.example>'] };
  const { data: made } = (await api.call('POST /api/v1/campaigns', { payload: letter })).json();
  expect(made.reply_to).toBe('shop@acme.example');
  expect(
    await errorsOf('messages', { ...MAIL, to: 'ada@example.org', reply_to: ['a@x.example', 'b@x.example'] }),
  ).toEqual({
    reply_to: ['The reply_to must not have more than 1 item.'],
  });
});

test('of several recipients the first gets the message, the others copies', async () => {
  const sent = await send({ to: ['ada@example.org', 'Zoe <zoe@example.org>'] });
  expect(sent.to.email).toBe('ada@example.org');
  expect(sent.additionalRecipients).toMatchObject([{ email: 'zoe@example.org', role: 'cc' }]);
});

test.each([
  'zoe@example.org',
  'Zoe <zoe@example.org>',
  { email: 'zoe@example.org' },
  ['zoe@example.org'],
  ['Zoe <zoe@example.org>'],
])('one copy may be written as %j', async (copy) => {
  const sent = await send({ to: 'ada@example.org', cc: copy, bcc: 'archive@example.org' });
  expect(sent.additionalRecipients).toMatchObject([
    { email: 'zoe@example.org', role: 'cc' },
    { email: 'archive@example.org', role: 'bcc' },
  ]);
});

test.each(['nonsense', 'ada@example.org, zoe@example.org'])('the invalid copy %s is named', async (cc) => {
  const { additionalRecipients } = await send({ to: 'ada@example.org', cc });
  expect(additionalRecipients).toEqual([
    { email: cc, role: 'cc', error: 'invalid_address', message: expect.stringContaining('not an address') },
  ]);
});

test('every field for a sender takes an address with its name', async () => {
  const from = 'Shop <shop@acme.example>';
  const letter = { list_id: list, subject: 'x', html: '<p>x</p>' };
  const weekly = { ...letter, name: 'Weekly', schedule: { cron: '0 9 * * 5' }, source: { kind: 'data' } };
  const made = async (route: string, payload: object) => (await api.call(route, { payload })).json().data;
  const reply = { from, reply_to: 'Help <help@acme.example>' };
  const stored = { from: SHOP, reply_to: 'help@acme.example' };
  expect(await made('POST /api/v1/campaigns', { ...letter, ...reply })).toMatchObject(stored);
  const { id } = await made('POST /api/v1/newsletters', { ...weekly, ...reply });
  expect(await made(`PATCH /api/v1/newsletters/${id}`, { from })).toMatchObject(stored);
  const notifications = { subscribe_to: 'Ada <ada@example.org>' };
  expect(await made(`PATCH /api/v1/lists/${list}`, { defaults: reply, notifications })).toMatchObject({
    defaults: stored,
    notifications: { subscribe_to: 'ada@example.org' },
  });
  expect(await made('PATCH /api/v1/account', { mail_from: SHOP })).toMatchObject({
    mail_from: '"Shop" <shop@acme.example>',
  });
  expect(await made('PATCH /api/v1/account', { mail_from: from })).toMatchObject({ mail_from: from });
  await send({ to: 'ada@example.org', from, reply_to: 'Help <help@acme.example>' });
});

test('a test mail goes to one member or to several', async () => {
  const campaign = { list_id: list, subject: 'x', html: '<p>x</p>' };
  const { id } = (await api.call('POST /api/v1/campaigns', { payload: campaign })).json().data;
  for (const to of ['ada@example.org', 'Ada <ada@example.org>', ['ada@example.org', { email: 'zoe@example.org' }]]) {
    const answer = await api.call(`POST /api/v1/campaigns/${id}/test`, { payload: { to } });
    expect([to, answer.statusCode, answer.json().error]).toEqual([to, 202, undefined]);
  }
});

test('messages that differ only in how an address is written are one under their Idempotency-Key', async () => {
  const headers = { 'idempotency-key': 'one-mail' };
  const ids = [];
  for (const to of ['Ada <ada@example.org>', { email: 'ada@example.org', name: 'Ada' }, ['Ada <ada@example.org>']]) {
    const answer = await api.call('POST /api/v1/messages', { payload: { ...MAIL, to }, headers });
    ids.push(answer.json().data.id);
  }
  expect(new Set(ids).size).toBe(1);
});

test.each([
  ['nonsense', { to: ['The to must be a valid email address.'] }],
  ['ada@example.org, Zoe <zoe@example.org>', { to: ['The to must be a valid email address.'] }],
  ['Ada <nonsense>', { to: ['The to must be a valid email address.'] }],
  ['', { to: ['The to must be a valid email address.'] }],
  [{ email: 'nonsense' }, { 'to.email': ['The to.email must be a valid email address.'] }],
  [{ mail: 'ada@example.org' }, expect.objectContaining({ 'to.email': ['The to.email field is required.'] })],
  [5, { to: ['The to must be a string or an object or a list.'] }],
  [[], { to: ['The to must have at least 1 item.'] }],
  [['nonsense'], { 'to.0': ['The to.0 must be a valid email address.'] }],
  [[5], { 'to.0': ['The to.0 must be a string or an object.'] }],
])('the recipient %j is refused with one sentence', async (to, errors) => {
  expect(await errorsOf('messages', { ...MAIL, to })).toEqual(errors);
});

test.each([
  ['messages', 'variables', 'context'],
  ['messages', 'dynamic_template_data', 'context'],
  ['messages', 'TemplateModel', 'context'],
  ['messages', 'body', 'html'],
  ['messages', 'HtmlBody', 'html'],
  ['messages', 'TextBody', 'text'],
  ['messages', 'replyTo', 'reply_to'],
  ['messages', 'send_at', 'scheduled_at'],
  ['messages', 'sbuject', 'subject'],
  ['messages', 'metdata', 'metadata'],
  ['subscribers', 'firstName', 'first_name'],
  ['subscribers', 'fields', 'attributes'],
  ['campaigns', 'listId', 'list_id'],
  ['campaigns', 'body', 'html'],
  ['webhooks', 'endpoint', 'url'],
])('%s: the unknown field %s is answered with the suggestion %s', async (route, field, meant) => {
  const errors = await errorsOf(route, { [field]: 'x' });
  expect(errors[field]).toEqual([`The ${field} field is not known. Did you mean ${meant}?`]);
});

test('the fields of attachments are suggested too', async () => {
  const file = { filename: 'a.txt', content: 'YQ==', contentType: 'text/plain', content_id: 'a' };
  expect(await errorsOf('messages', { ...MAIL, to: 'ada@example.org', attachments: [file] })).toMatchObject({
    'attachments.0.filename': ['The attachments.0.filename field is not known. Did you mean name?'],
    'attachments.0.content': ['The attachments.0.content field is not known. Did you mean data?'],
    'attachments.0.contentType': ['The attachments.0.contentType field is not known. Did you mean mime?'],
    'attachments.0.content_id': ['The attachments.0.content_id field is not known. Did you mean cid?'],
  });
});

test.each(['nonsense', 'constructor', '__proto__x', 'x'])('nothing is suggested for %s', async (field) => {
  expect((await errorsOf('messages', { [field]: 'x' }))[field]).toEqual([`The ${field} field is not known.`]);
});
