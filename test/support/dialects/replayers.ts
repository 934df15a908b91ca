import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot, readConfig } from '../../../config.js';

/** What a document asks for: a request, or a program that sends one. */
export type Item =
  | {
      readonly method: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | { readonly code: string };

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Replayer {
  readonly name: string;
  /** One after the other; answers in the same order. */
  run(items: readonly Item[]): Promise<Answer[]>;
}

const run = promisify(execFile);
const PROGRAMS = join(packageRoot(), 'test/support/dialects/programs');
const STATUS_PREFIX = 'everpost-status:';

export const node: Replayer = { name: 'node', run: through(process.execPath, 'replay.mjs') };

/** Python with `requests`, in an environment of its own where the machine's Python has none. */
export async function python(): Promise<Replayer> {
  return { name: 'python', run: through(await pythonWithRequests(), 'replay.py') };
}

/** PHP where it is, with its curl. */
export async function php(): Promise<Replayer[]> {
  const modules = await run('php', ['-m']).catch(() => ({ stdout: '' }));
  return /^curl$/m.test(modules.stdout) ? [{ name: 'php', run: through('php', 'replay.php') }] : [];
}

export const curl: Replayer = {
  name: 'curl',
  run: async (items) => {
    const answers: Answer[] = [];
    for (const item of items) {
      if ('code' in item) throw new Error('curl runs no programs');
      const headers = Object.entries(item.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
      const body = item.body === undefined ? [] : ['--data-binary', item.body];
      const args = ['-sS', '-w', `\n${STATUS_PREFIX}%{http_code}`, '-X', item.method, ...headers, ...body, item.url];
      answers.push(read((await run('curl', args)).stdout));
    }
    return answers;
  },
};

/** A curl line exactly as a document shows it, through a shell. */
export async function shell(line: string): Promise<Answer> {
  return read((await run('bash', ['-c', `${line} -sS -w '\n${STATUS_PREFIX}%{http_code}'`])).stdout);
}

function read(out: string): Answer {
  const at = out.lastIndexOf(`\n${STATUS_PREFIX}`);
  return { status: Number(out.slice(at + 1 + STATUS_PREFIX.length)), body: out.slice(0, at) };
}

function through(program: string, script: string): Replayer['run'] {
  return async (items) => JSON.parse(await fed(program, join(PROGRAMS, script), JSON.stringify(items))) as Answer[];
}

function fed(program: string, script: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${script} ended with ${code}`))));
    child.stdin.end(input);
  });
}

async function pythonWithRequests(): Promise<string> {
  const has = (program: string) =>
    run(program, ['-c', 'import requests'])
      .then(() => true)
      .catch(() => false);
  if (await has('python3')) return 'python3';
  const folder = join(readConfig().cacheDir, 'python-requests');
  const own = join(folder, 'bin', 'python');
  if (existsSync(own) && (await has(own))) return own;
  await run('python3', ['-m', 'venv', folder]);
  await run(own, ['-m', 'pip', 'install', '--quiet', 'requests']);
  return own;
}
