import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { composeMessage } from '../../../../mail/message/compose.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { MAIL, post, rows } from '../../../support/api/messages.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi({ ATTACHMENT_BYTES: '100000' });
});
afterAll(() => api.close());

const PDF = Buffer.from('%PDF-1.7\n1 0 obj');
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const ZIP = Buffer.from('504b0304140000000000', 'hex');
const SHEET = Buffer.concat([ZIP, Buffer.from('[Content_Types].xml'), Buffer.from('xl/workbook.xml')]);
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const OLE = Buffer.from('d0cf11e0a1b11ae100', 'hex');
const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');
const EXE = Buffer.from('4d5a90000300000004000000ffff0000', 'hex');

const file = (name: string, mime: string | undefined, bytes: Buffer, more: object = {}) => ({
  name,
  data: bytes.toString('base64'),
  ...(mime !== undefined && { mime }),
  ...more,
});
const send = (...attachments: object[]) => post(api, { attachments });

describe('attachments', () => {
  test.each<[string, string | undefined, Buffer, string]>([
    ['a.pdf', 'application/pdf', PDF, 'a.pdf'],
    ['invoice', 'application/pdf', PDF, 'invoice.pdf'],
    ['A.PDF', undefined, PDF, 'A.PDF'],
    ['a.zip', 'application/zip', ZIP, 'a.zip'],
    ['a.txt', 'text/plain', Buffer.from('Grüße\r\n'), 'a.txt'],
    ['empty', 'text/plain', Buffer.alloc(0), 'empty.txt'],
    ['a.xlsx', XLSX, SHEET, 'a.xlsx'],
    ['a.xls', 'application/excel', OLE, 'a.xls'],
    ['a.jpeg', 'IMAGE/JPEG', JPEG, 'a.jpeg'],
    ['a', 'image/png', PNG, 'a.png'],
    ['a.csv', 'text/csv', Buffer.from('a,b\n1,2\n'), 'a.csv'],
    ['a.csv', undefined, Buffer.from('a,b\n1,2\n'), 'a.csv'],
    ['invite.ics', 'text/calendar; charset=utf-8; method=REQUEST', Buffer.from('BEGIN:VCALENDAR'), 'invite.ics'],
    ['a.gif', undefined, Buffer.from('GIF89a'), 'a.gif'],
    ['a.webp', 'image/webp', Buffer.from('RIFF\u0004\0\0\0WEBP'), 'a.webp'],
    ['a.xml', 'application/xml', Buffer.from('<?xml version="1.0"?><a/>'), 'a.xml'],
    ['a.xml', 'text/xml', Buffer.from('<a/>'), 'a.xml'],
    ['a.docx', undefined, SHEET, 'a.docx'],
    ['a.pptx', undefined, SHEET, 'a.pptx'],
    ['a.doc', undefined, OLE, 'a.doc'],
    ['a.ppt', 'application/vnd.ms-powerpoint', OLE, 'a.ppt'],
    ['a.xls', 'application/vnd.ms-excel', OLE, 'a.xls'],
    ['a.ods', undefined, ZIP, 'a.ods'],
    ['a.jpg', 'image/jpg', JPEG, 'a.jpg'],
  ])('%s as %s', async (name, mime, bytes, shown) => {
    const answer = await send(file(name, mime, bytes));
    expect(answer.statusCode, answer.body).toBe(202);
    const { data } = (await api.call(`GET /api/v1/messages/${answer.json().data.id}`)).json();
    expect(data.attachments).toMatchObject([{ name: shown, bytes: bytes.length, cid: null }]);
    expect(await api.deps.contents.file(api.account, data.attachments[0].sha256)).toEqual(bytes);
  });

  test.each<[string, string | undefined, Buffer]>([
    ['a.svg', 'image/svg+xml', Buffer.from('<svg/>')],
    ['a.exe', undefined, EXE],
    ['a.pdf', 'application/pdf', EXE],
    ['a.txt', 'text/plain', EXE],
    ['a.txt', 'text/plain', Buffer.from('#!/bin/sh\nrm')],
    ['a.xlsx', XLSX, ZIP],
    ['a.png', 'image/png', JPEG],
    ['a.exe', 'application/pdf', PDF],
    ['a.csv', 'text/csv', EXE],
    ['a.ics', 'text/calendar', Buffer.from('#!/bin/sh\nrm')],
    ['a.docx', undefined, EXE],
    ['a.bat', undefined, Buffer.from('@echo off')],
    ['a.js', 'text/javascript', Buffer.from('alert(1)')],
    ['a.docm', undefined, SHEET],
    ['a.xml.exe', 'application/xml', Buffer.from('<a/>')],
    ['a.pdf', 'application/pdf', Buffer.alloc(0)],
  ])('not %s as %s with other bytes or of another kind', async (name, mime, bytes) => {
    const answer = await send(file(name, mime, bytes));
    expect([answer.statusCode, answer.json().error.code]).toEqual([422, 'attachment_type_forbidden']);
    expect(Object.keys(answer.json().error.errors)[0]).toMatch(/^attachments\.0\.(?:mime|name|data)$/);
  });

  test.each(['not base64!', 'YWJ', 'YW=j', 'YWJj YWJj', '-_-_'])('invalid base64 is refused: %j', async (data) => {
    const answer = await send({ name: 'a.txt', mime: 'text/plain', data });
    expect([answer.statusCode, answer.json().error.code]).toEqual([422, 'attachment_unreadable']);
  });

  test('base64 in lines is read', async () => {
    const data = Buffer.alloc(300, 'abc').toString('base64').replace(/.{76}/g, '$&\r\n');
    expect((await send({ name: 'a.txt', mime: 'text/plain', data })).statusCode).toBe(202);
  });

  test('more bytes in all than the limit are refused', async () => {
    const half = Buffer.alloc(50_000, 'x');
    expect((await send(file('a', 'text/plain', half), file('b', 'text/plain', half))).statusCode).toBe(202);
    for (const over of [50_001, 90_000, 5_000_000]) {
      const answer = await send(file('a', 'text/plain', half), file('b', 'text/plain', Buffer.alloc(over, 'x')));
      expect([answer.statusCode, answer.json().error.code]).toEqual(
        over > 4_000_000 ? [413, 'payload_too_large'] : [422, 'attachments_too_large'],
      );
    }
  });

  test.each([
    [file('a.txt', 'text/plain', PDF.subarray(9)), file('A', 'text/plain', ZIP.subarray(10))],
    [file('a', 'image/png', PNG, { cid: 'logo' }), file('b', 'image/png', PNG, { cid: 'logo' })],
  ])('no name or cid twice', async (...files) => {
    const answer = await send(...files);
    expect([answer.statusCode, answer.json().error.code]).toEqual([422, 'attachment_repeated']);
  });

  test.each(['../a.txt', 'a\\b.txt', 'a\r\nb.txt', 'a\u202Etxt.exe', ''])(
    'the file name %j is refused',
    async (name) => {
      const answer = await send(file(name, 'text/plain', Buffer.from('x')));
      expect([answer.statusCode, answer.json().error.code]).toEqual([422, 'validation_failed']);
    },
  );
});

test('a file is stored once, however often it is sent', async () => {
  const bytes = Buffer.from('stored once');
  await Promise.all(Array.from({ length: 5 }, (_, at) => send(file(`${at}.txt`, 'text/plain', bytes))));
  const files = await api.store.db.collection('blobs.files').find({ length: bytes.length }).toArray();
  expect(files).toHaveLength(1);
  const [row] = (await rows(api)).slice(-1);
  expect(JSON.stringify(row)).not.toContain(bytes.toString('base64'));
});

test('an image in the HTML reaches the mail under its cid', async () => {
  const answer = await post(api, {
    html: '<img src="cid:logo">',
    attachments: [file('a', 'image/png', PNG, { cid: 'logo' })],
  });
  const [row] = await rows(api, { _id: answer.json().data.id });
  if (row === undefined) throw new Error('no row');
  const content = await api.deps.contents.ofMessage(row);
  const { _id: id, account, to, role } = row;
  const read = (sha256: string) => api.deps.contents.file(account, sha256);
  const mail = await composeMessage({ id, account, content, to, role, file: read }, row.created_at);
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  expect(Buffer.concat(mail.chunks).toString()).toContain('Content-ID: <logo>');
});

test('the operator sets the allowed types; a program is refused under any type', async () => {
  const other = await anApi({ ATTACHMENT_TYPES: 'application/x-thing' });
  const sent = async (bytes: Buffer) =>
    (await post(other, { attachments: [file('a.thing', 'application/x-thing', bytes)] })).statusCode;
  expect([await sent(PDF), await sent(EXE)]).toEqual([202, 422]);
  expect((await post(other, { attachments: [file('a.pdf', 'application/pdf', PDF)] })).statusCode).toBe(422);
  await other.close();
});

test('ten MiB fit by default', async () => {
  const other = await anApi();
  const bytes = Buffer.alloc(10 * 1024 * 1024, 'x');
  const answer = await post(other, { ...MAIL, attachments: [file('a', 'text/plain', bytes)] });
  expect(answer.statusCode, answer.body).toBe(202);
  await other.close();
});
