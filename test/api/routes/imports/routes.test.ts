import { request } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { MongoNetworkError } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, idleEngine } from '../../../../api/engine/engine.js';
import { storeUpload } from '../../../../api/routes/imports/csv-file.js';
import type { Import } from '../../../../store/imports/row.js';
import { aList, anApi, aStranger, type TestApi } from '../../../support/api/api.js';
import { aForm } from '../../../support/api/form.js';

let api: TestApi;
let list: number;
const notified: number[] = [];
const engine: Engine = { ...idleEngine, startImport: ({ _id }) => void notified.push(_id) };

beforeAll(async () => {
  api = await anApi({}, { engine });
  list = await aList(api);
});
afterAll(() => api.close());

const csv = { 'content-type': 'text/csv' };
const post = (payload: string | Buffer, query = '', headers: Record<string, string> = {}) =>
  api.call(`POST /api/v1/lists/${list}/imports${query}`, { payload, headers: { ...csv, ...headers } });
const rowsLeft = () => api.store.db.collection('imports').countDocuments({ state: 'uploading' });
const stored = async (id: number) => {
  const row = (await api.deps.imports.find(api.account, id)) as Import;
  const blob = await api.deps.blobs.read(api.account, row.blob);
  return blob === undefined ? '' : Buffer.concat(await blob.toArray()).toString('utf8');
};

describe('an upload', () => {
  test('as text/csv is stored before the answer 202, and its workflow is started', async () => {
    const answer = await post('E-Mail;Vorname;Ort\nann@a.test;Ann;Rom\n', '?tags=spring,vip&dry_run=true');
    expect(answer.statusCode).toBe(202);
    const { data } = answer.json();
    expect(answer.headers['location']).toBe(`/api/v1/imports/${data.id}`);
    expect(data).toMatchObject({
      list_id: list,
      state: 'queued',
      dry_run: true,
      tags: ['spring', 'vip'],
      delimiter: ';',
      encoding: 'utf-8',
      columns: [
        { header: 'E-Mail', field: 'email' },
        { header: 'Vorname', field: 'first_name' },
        { header: 'Ort', field: 'attributes.ort' },
      ],
      rows: 0,
      progress: expect.any(Number),
    });
    expect(notified).toContain(data.id);
    expect(await stored(data.id)).toBe('E-Mail;Vorname;Ort\nann@a.test;Ann;Rom\n');
    expect((await api.call(`GET /api/v1/imports/${data.id}`)).json().data).toEqual(data);
  });

  test('as a form may have fields before and after the file', async () => {
    const form = aForm([
      { name: 'tags', value: 'a' },
      { name: 'file', filename: 'people.csv', value: 'Mail an,Wer\nann@a.test,Ann\n' },
      { name: 'mapping', value: '{"mail an":"email","Wer":null}' },
      { name: 'tags', value: 'b' },
    ]);
    const answer = await api.call(`POST /api/v1/lists/${list}/imports`, form);
    expect(answer.statusCode).toBe(202);
    expect(answer.json().data).toMatchObject({
      file_name: 'people.csv',
      tags: ['a', 'b'],
      columns: [
        { header: 'Mail an', field: 'email' },
        { header: 'Wer', field: null },
      ],
    });
  });

  test.each([
    ['UTF-8 with a mark', 'utf-8', Buffer.from('\ufeffemail\nä@a.test\n')],
    ['UTF-16, little endian', 'utf-16le', Buffer.from('\ufeffemail\nä@a.test\n', 'utf16le')],
    ['UTF-16, big endian', 'utf-16be', Buffer.from('\ufeffemail\nä@a.test\n', 'utf16le').swap16()],
    ['UTF-16 without a mark', 'utf-16le', Buffer.from('email\nä@a.test\n', 'utf16le')],
    ['UTF-16 without a mark, big endian', 'utf-16be', Buffer.from('email\nä@a.test\n', 'utf16le').swap16()],
  ])('in %s is stored as plain UTF-8', async (_name, encoding, payload) => {
    const { data } = (await post(payload)).json();
    expect(data).toMatchObject({ encoding, columns: [{ header: 'email', field: 'email' }] });
    expect(await stored(data.id)).toBe('email\nä@a.test\n');
  });

  test('that is not UTF-8 is read as windows-1252, also in its header', async () => {
    const { data } = (await post(Buffer.from('email|Stra\xdfe\na@a.test|M\xfcnchner\n', 'latin1'))).json();
    expect(data).toMatchObject({ encoding: 'windows-1252', delimiter: '|', columns: [{}, { header: 'Straße' }] });
  });

  test('with the same Idempotency-Key is created once', async () => {
    const headers = { 'idempotency-key': 'import-1' };
    const first = await post('email\na@a.test\n', '', headers);
    const again = await post('email\na@a.test\n', '', headers);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.json()).toEqual(first.json());
  });

  test('that was accepted keeps its file if the answer is lost, and a repeated request returns it', async () => {
    const { accept } = api.deps.imports;
    let id = 0;
    api.deps.imports.accept = async (...upload) => {
      id = (await accept(...upload))._id;
      throw new MongoNetworkError('the answer was lost');
    };
    const headers = { 'idempotency-key': 'import-2' };
    expect((await post('email\na@a.test\n', '', headers)).statusCode).toBe(503);
    api.deps.imports.accept = accept;
    expect(await stored(id)).toBe('email\na@a.test\n');
    expect((await post('email\na@a.test\n', '', headers)).json().data.id).toBe(id);
  });
});

describe('an invalid upload is refused and leaves nothing stored', () => {
  test.each([
    ['a file without addresses', 'name,city\nAnn,Rome\n', '', 422, { file: [expect.stringContaining('No column')] }],
    ['an empty file', '\n\n', '', 422, { file: ['The file is empty.'] }],
    ['a header without an end', `email,"x\n${'y'.repeat(500)}`, '', 422, { file: [expect.stringContaining('quote')] }],
    ['a mapping of a missing column', 'email\n', '?mapping={"Mail":"email"}', 422, { mapping: [expect.any(String)] }],
    ['a mapping to an unknown field', 'email\n', '?mapping={"email":"$where"}', 422, { mapping: [expect.any(String)] }],
    ['a mapping that is not JSON', 'email\n', '?mapping=x', 422, { mapping: [expect.any(String)] }],
    ['an unknown parameter', 'email\n', '?list=1', 422, { list: ['The list field is not known.'] }],
  ])('%s', async (_name, payload, query, status, errors) => {
    const before = await api.store.db.collection('blobs.files').countDocuments();
    const answer = await post(payload, encodeURI(query));
    expect(answer.statusCode).toBe(status);
    expect(answer.json().error.errors).toEqual(errors);
    expect(await rowsLeft()).toBe(0);
    expect(await api.store.db.collection('blobs.files').countDocuments()).toBe(before);
  });

  test('JSON, a form without a file, a list of another account', async () => {
    const json = await api.call(`POST /api/v1/lists/${list}/imports`, { payload: { email: 'a@a.test' } });
    expect(json.statusCode).toBe(415);
    const empty = await api.call(`POST /api/v1/lists/${list}/imports`, aForm([{ name: 'tags', value: 'a' }]));
    expect(empty.json().error.errors).toEqual({ file: ['The file field is required.'] });
    const { key } = await aStranger(api);
    const route = `POST /api/v1/lists/${list}/imports`;
    expect((await api.call(route, { key, payload: 'email\n', headers: csv })).statusCode).toBe(403);
    expect((await api.call('POST /api/v1/lists/999/imports', { payload: 'email\n', headers: csv })).statusCode).toBe(
      404,
    );
    expect(await rowsLeft()).toBe(0);
  });

  test('a file with a content length beyond the limit', async () => {
    const announced = await post('email\n', '', { 'content-length': String(2 ** 31) });
    expect(announced.statusCode).toBe(413);
    expect(announced.json().error.code).toBe('payload_too_large');
    expect(await rowsLeft()).toBe(0);
  });

  test('a file beyond the limit, without a content length', async () => {
    const sink = new PassThrough().resume();
    const stored = storeUpload(Readable.from([Buffer.alloc(6), Buffer.alloc(6)]), sink, {
      name: 'a.csv',
      limit: 10,
      encoding: undefined,
    });
    await expect(stored).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  test('an interrupted upload', async () => {
    const address = await api.app.listen({ port: 0, host: '127.0.0.1' });
    const imports = api.store.db.collection<{ _id: number }>('imports');
    const forgotten = imports.watch([{ $match: { operationType: { $in: ['insert', 'delete'] } } }]);
    await forgotten.tryNext();
    const headers = { ...csv, authorization: `Bearer ${api.key}`, 'content-length': '1000000' };
    const upload = request(`${address}/api/v1/lists/${list}/imports`, { method: 'POST', headers });
    upload.on('error', () => undefined);
    upload.write('email\na@a.test\n');
    const opened = await forgotten.next();
    const id = 'documentKey' in opened ? opened.documentKey._id : 0;
    expect((await api.call(`GET /api/v1/imports/${id}`)).statusCode).toBe(404);
    expect((await api.call('GET /api/v1/imports')).body).not.toContain(`"id":${id},`);
    upload.destroy();
    expect(await forgotten.next()).toMatchObject({ operationType: 'delete', documentKey: { _id: id } });
    await forgotten.close();
  });
});

describe('reading imports', () => {
  test('lists them newest first, by list and state, for their own account only', async () => {
    const { data, meta } = (await api.call(`GET /api/v1/imports?list_id=${list}&state=queued&per_page=2`)).json();
    expect(data).toHaveLength(2);
    expect(data[0].id).toBeGreaterThan(data[1].id);
    expect(meta).toMatchObject({ current_page: 1, per_page: 2 });
    const { key } = await aStranger(api);
    expect((await api.call('GET /api/v1/imports', { key })).json().data).toEqual([]);
    expect((await api.call(`GET /api/v1/imports/${data[0].id}`, { key })).statusCode).toBe(403);
    expect((await api.call(`GET /api/v1/imports/${data[0].id}/errors.csv`, { key })).statusCode).toBe(403);
  });

  test('errors.csv has row, column and reason, and escapes formulas', async () => {
    const { data } = (await post('email\n=cmd()\n')).json();
    const error = { row: 2, column: 'email', reason: 'invalid_email', value: '=cmd()' } as const;
    await api.deps.importErrors.record(api.account, data.id, 0, [error]);
    await api.store.db.collection<{ _id: number }>('imports').updateOne({ _id: data.id }, { $set: { 'at.row': 1 } });
    const answer = await api.call(`GET /api/v1/imports/${data.id}/errors.csv`);
    expect(answer.headers['content-type']).toMatch(/^text\/csv/);
    expect(answer.body).toBe("\ufeffrow,column,reason,value\n2,email,invalid_email,'=cmd()\n");
  });
});
