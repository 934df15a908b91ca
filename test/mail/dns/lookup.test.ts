import { afterAll, beforeAll, expect, test } from 'vitest';
import { dnsLookup } from '../../../mail/dns/lookup.js';
import { type DnsServer, dnsServer } from '../../support/scripted/dns-server.js';

let recursive: DnsServer;
let plain: DnsServer;
beforeAll(async () => {
  [recursive, plain] = await Promise.all([dnsServer(), dnsServer({ followsAliases: false })]);
});
afterAll(() => Promise.all([recursive.close(), plain.close()]));

const LONG = `v=DKIM1; k=rsa; p=${'k'.repeat(392)}`;

test.each([
  ['follows aliases itself', () => recursive],
  ['leaves aliases to us', () => plain],
])('a name server that %s', async (_, server) => {
  const { zone, address } = server();
  zone.set('one.example', { CNAME: 'two.example' });
  zone.set('two.example', { CNAME: 'three.example' });
  zone.set('three.example', { TXT: [LONG] });
  zone.set('mail.example', { MX: [[5, 'mx.mail.example']] });
  const lookup = dnsLookup({ servers: [address] });
  expect(await lookup.txt('three.example')).toEqual({ kind: 'found', records: [LONG] });
  expect(await lookup.txt('one.example')).toEqual({ kind: 'found', records: [LONG] });
  expect(await lookup.txt('mail.example')).toEqual({ kind: 'none' });
  expect(await lookup.txt('missing.example')).toEqual({ kind: 'none' });
  expect(await lookup.mx('mail.example')).toEqual({
    kind: 'found',
    records: [expect.objectContaining({ exchange: 'mx.mail.example', priority: 5 })],
  });
});

test('a loop of aliases ends', async () => {
  plain.zone.set('loop.example', { CNAME: 'pool.example' });
  plain.zone.set('pool.example', { CNAME: 'loop.example' });
  const answer = await dnsLookup({ servers: [plain.address] }).txt('loop.example');
  expect(answer).toEqual({ kind: 'unreachable', why: 'ECNAMELOOP' });
});

test('a failing or missing server gives no answer', async () => {
  recursive.fail(true);
  const failed = await dnsLookup({ servers: [recursive.address] }).txt('one.example');
  recursive.fail(false);
  expect(failed).toEqual({ kind: 'unreachable', why: 'ESERVFAIL' });
  const gone = await dnsServer();
  await gone.close();
  const silent = await dnsLookup({ servers: [gone.address], timeout: 100 }).txt('one.example');
  expect(silent.kind).toBe('unreachable');
});
