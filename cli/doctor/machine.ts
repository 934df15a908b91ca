import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config.js';
import { isFree } from '../../servers/ports.js';
import { run } from '../../servers/process.js';
import { type Finding, fault, note, ok } from './finding.js';

const OLDEST_NODE = [20, 19] as const;
const GIB = 1024 ** 3;
const MIN_DISK = 1 * GIB;
const RECOMMENDED_DISK = 5 * GIB;

export function checkNode(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const recent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (recent) return ok('Node.js', version);
  return fault('Node.js', `${version} is too old`, `install Node.js ${OLDEST_NODE.join('.')} or newer`);
}

/** pip is one of the sources of the embedded servers; it is not needed once they are provisioned. */
export async function checkPip(): Promise<Finding> {
  const { code, output } = await run('python3', ['-m', 'pip', '--version'], 30_000).catch(() => ({
    code: 1,
    output: '',
  }));
  if (code === 0) return ok('Python and pip', output.trim().split(' from ')[0] ?? '');
  return note(
    'Python and pip',
    'python3 -m pip does not run',
    'needed only where the servers have to be fetched and the vendors cannot be reached: install python3-pip',
  );
}

/** Ports that a start needs; those of the servers that run on DATA_DIR are theirs. */
export async function checkPorts(config: Config, isRunning = false): Promise<Finding[]> {
  const findings = [await checkApiPort(config)];
  if (isRunning) return findings;
  const embedded: readonly (readonly [port: number, what: string, wanted: boolean])[] = [
    [27_017, 'MongoDB', config.mongodbUrl === undefined],
    [7233, 'Temporal', config.temporalAddress === undefined],
    [8233, 'Temporal UI', config.temporalAddress === undefined],
    [config.catcherPort, 'mail catcher', config.smtpUrl === undefined],
    [config.inboxPort, 'inbox', config.smtpUrl === undefined],
  ];
  for (const [port, what, wanted] of embedded) {
    if (!wanted) continue;
    const subject = `Port ${port} (${what})`;
    if (await isFree(port)) findings.push(ok(subject, 'free'));
    else findings.push(note(subject, 'in use: another port is taken and printed at the start'));
  }
  return findings;
}

async function checkApiPort({ port, host }: Config): Promise<Finding> {
  const subject = `Port ${port} (API)`;
  if (port === 0 || (await isFree(port, host))) return ok(subject, 'free');
  if (await isEverpost(port, host)) return ok(subject, 'used by Everpost, which runs');
  return fault(subject, `in use on ${host} by another program`, 'stop what listens there or set PORT');
}

const ANSWER_WITHIN_MS = 3_000;

/** Whether the program on a port describes itself as Everpost. */
async function isEverpost(port: number, host: string): Promise<boolean> {
  const here = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const answer = await fetch(`http://${here}:${port}/openapi.json`, { signal });
    const { info } = (await answer.json()) as { readonly info?: { readonly title?: unknown } };
    return info?.title === 'Everpost';
  } catch {
    return false;
  }
}

export async function checkDisk(dataDir: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir).catch(() => statfsOfParent(dataDir));
  const free = Number(bavail) * Number(bsize);
  const says = `${(free / GIB).toFixed(1)} GiB free for ${dataDir}`;
  if (free < MIN_DISK) return fault('Disk', says, 'free at least 1 GiB or set DATA_DIR to another disk');
  if (free < RECOMMENDED_DISK) return note('Disk', says, 'a campaign to many recipients may need more');
  return ok('Disk', says);
}

function statfsOfParent(folder: string): ReturnType<typeof statfs> {
  const parent = dirname(folder);
  return statfs(parent).catch((failure) => {
    if (parent === dirname(parent)) throw failure;
    return statfsOfParent(parent);
  }) as ReturnType<typeof statfs>;
}
