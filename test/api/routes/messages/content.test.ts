import { afterAll, beforeAll, expect, test } from 'vitest';
import { Failure } from '../../../../domain/errors.js';
import { textPartOf } from '../../../../mail/letter/text/text-part.js';
import { messageBodies } from '../../../../mail/message/compose.js';
import { withTextPart } from '../../../../services/message/text-part.js';
import type { Message } from '../../../../store/messages/row.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { post, rows } from '../../../support/api/messages.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const FILE = { name: 'a.txt', mime: 'text/plain', data: Buffer.from('a file').toString('base64') };
/** The JSON of a content with a text of this length, in characters of three bytes, is a little larger than 16 KiB. */
const LARGE = '€'.repeat(5_400);
const ALMOST_LARGE = '€'.repeat(5_300);

async function sent(fields: Record<string, unknown>): Promise<Message> {
  const { id } = (await post(api, fields)).json<{ data: { id: string } }>().data;
  const [row] = await rows(api, { _id: id });
  if (row === undefined) throw new Error('no row');
  return row;
}

const storedContents = () => api.store.db.collection('contents').countDocuments({ _id: /:content:/ as never });

test.each([
  ['a small content', { text: 'small' }],
  ['a content of almost 16 KiB', { text: ALMOST_LARGE }],
  ['a content whose names and values look like operators', { text: '$set', headers: { 'X-Entity-Ref-ID': '$a.b' } }],
])('%s lies in the row of its message', async (_, fields) => {
  const before = await storedContents();
  const row = await sent(fields);
  expect([typeof row.body, row.content]).toEqual(['string', undefined]);
  expect(await storedContents()).toBe(before);
  expect(await api.deps.contents.ofMessage(row)).toMatchObject(fields);
});

test.each([
  ['a large content', { text: LARGE }, 1],
  ['a content with files', { text: 'with a file', attachments: [FILE] }, 1],
  ['the content of several messages', { text: 'with a copy', cc: ['bo@example.org'] }, 2],
])('%s is stored once beside its messages', async (_, fields, messages) => {
  const before = await storedContents();
  const row = await sent(fields);
  const group = await rows(api, { group: row._id });
  expect(group.map(({ body, content }) => [body, content])).toEqual(Array(messages).fill([undefined, row.content]));
  expect(await storedContents()).toBe(before + 1);
  expect(await api.deps.contents.ofMessage(row)).toMatchObject({ text: fields.text });
});

const MANY_LINKS = '<p><a href="https://x.example/a?b=1&amp;c=2">See</a>\r\n</p>'.repeat(400);

test('the text part of a large HTML is made when the message is accepted, and that one is sent', async () => {
  const row = await sent({ html: MANY_LINKS, text: null });
  const content = await api.deps.contents.ofMessage(row);
  const { text_part: made, ...acceptedBefore } = content;
  expect(made).toEqual(textPartOf(MANY_LINKS.replaceAll('\r\n', '\n')));
  expect([made?.links.length, content.text]).toEqual([400, null]);
  expect(messageBodies(content)).toEqual(messageBodies(acceptedBefore));
  const other = { text: 'Another text https://x.example/', links: [] };
  expect(messageBodies({ ...content, text_part: other })).toMatchObject(other);
  const shown = (await api.call(`GET /api/v1/messages/${row._id}`)).json().data;
  expect([shown.text, shown.html, Object.keys(shown)]).toEqual([
    null,
    MANY_LINKS,
    expect.not.arrayContaining(['text_part']),
  ]);
});

test.each([
  ['of a small HTML', { html: '<p>Hi</p>', text: null }],
  ['of an HTML with a text of its own', { html: MANY_LINKS, text: 'Hi' }],
  ['of a text', { html: null, text: 'Hi' }],
])('no text part is stored %s', async (_, fields) => {
  expect(await api.deps.contents.ofMessage(await sent(fields))).not.toHaveProperty('text_part');
});

test('an HTML that no text can be made of within the limits is named', async () => {
  const content = await api.deps.contents.ofMessage(await sent({ html: MANY_LINKS, text: null }));
  const text = () => Promise.reject(new Failure('template_too_complex', { content: ['It takes too long.'] }));
  await expect(withTextPart({ text }, 1, content)).rejects.toMatchObject({
    code: 'template_too_complex',
    errors: { html: ['It takes too long.'] },
  });
});

test('the API shows the content wherever it lies, and lists and answers do not carry it', async () => {
  for (const text of ['shown', LARGE]) {
    const { _id: id } = await sent({ text });
    expect((await api.call(`GET /api/v1/messages/${id}`)).json().data).toMatchObject({ text, subject: 'Your code' });
  }
  const { data } = (await api.call('GET /api/v1/messages')).json();
  expect(
    data.flatMap((row: object) => Object.keys(row)).filter((name: string) => /body|content|text/.test(name)),
  ).toEqual([]);
});
