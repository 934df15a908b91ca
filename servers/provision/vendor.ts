import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Binary, TEMPORAL_SDK } from './binaries.js';
import { downloadFile, downloadJson, open } from './download.js';
import { run } from './run.js';
import { unzipMember } from './unzip.js';

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
