import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Logger } from 'pino';

/** What a worker says about itself. */
export interface WorkerHealth {
  readonly pid: number;
  /** `starting`: it waits for Temporal, or prepares its queues. */
  readonly state: 'starting' | 'running' | 'stopping';
  /** A sentence for each thing that is wrong; a worker without any is healthy. */
  readonly faults: readonly string[];
}

/** A worker of this process, as the socket asks it. */
interface RunningWorker {
  health(): Promise<Omit<WorkerHealth, 'pid'>>;
}

export interface HealthSocket {
  /** Deletes the socket: a worker that leaves one behind was killed. */
  stop(): Promise<void>;
}

/** Hosts and containers may share DATA_DIR: each asks its own workers. */
const PREFIX = `worker-${createHash('sha256').update(hostname()).digest('hex').slice(0, 8)}-`;
/** Milliseconds. A worker whose event loop stands still, or that is frozen, does not answer. */
const ANSWER_WITHIN = 3_000;

/**
 * Answers each connection to a socket in DATA_DIR with the health of the worker in this process. `running` is undefined
 * until the worker has started. A socket that cannot be made is logged, and the worker runs without.
 */
export async function serveWorkerHealth(
  dataDir: string,
  running: () => RunningWorker | undefined,
  log: Pick<Logger, 'error'>,
): Promise<HealthSocket> {
  const path = socketPath(dataDir, `${PREFIX}${randomBytes(4).toString('hex')}.sock`);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    void healthOf(running()).then((health) => socket.end(JSON.stringify(health)));
  });
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await deleteAbandoned(dataDir);
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(path, resolve));
  } catch (error) {
    const message = 'the health of this worker cannot be asked: DATA_DIR takes no socket; the worker itself runs';
    log.error({ dataDir, error: String(error) }, message);
  }
  return {
    stop: async () => {
      server.close();
      await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

async function healthOf(worker: RunningWorker | undefined): Promise<WorkerHealth> {
  const health = (await worker?.health()) ?? { state: 'starting', faults: [] };
  return { pid: process.pid, ...health };
}

/** Sockets of killed workers: nothing listens to them any more. */
async function deleteAbandoned(dataDir: string): Promise<void> {
  for (const path of await socketsIn(dataDir)) {
    if ((await ask(path, ANSWER_WITHIN)) === 'killed') await rm(path, { force: true });
  }
}

/** `killed`: the worker ended without its orderly stop. `silent`: it runs and does not answer. */
type Answer = WorkerHealth | 'killed' | 'silent';

/**
 * What is wrong with the workers of DATA_DIR on this host, a sentence each; none where all are healthy. Each has `within`
 * milliseconds to answer.
 */
export async function faultsOfWorkers(dataDir: string, within = ANSWER_WITHIN): Promise<string[]> {
  const paths = await socketsIn(dataDir);
  const answers = await Promise.all(paths.map(async (path) => ({ path, answer: await ask(path, within) })));
  if (answers.length === 0) return [`No worker runs on this host with DATA_DIR ${dataDir}.`];
  return answers.flatMap(({ path, answer }) => {
    if (answer === 'killed') return [`A worker was killed: start it again, or delete ${path}.`];
    if (answer === 'silent') return [`A worker runs, but has not answered within ${within} ms at ${path}.`];
    return answer.faults.map((fault) => `Worker ${answer.pid} (${answer.state}): ${fault}.`);
  });
}

async function socketsIn(dataDir: string): Promise<string[]> {
  const names = await readdir(dataDir).catch(() => []);
  return names.filter((name) => name.startsWith(PREFIX)).map((name) => socketPath(dataDir, name));
}

/** The shorter one of both ways to write it: systems limit it to about a hundred bytes. */
function socketPath(dataDir: string, name: string): string {
  const [whole, short] = [join(dataDir, name), relative('', join(dataDir, name))];
  return short.length < whole.length ? short : whole;
}

async function ask(path: string, within: number): Promise<Answer> {
  const socket = connect(path);
  socket.setTimeout(within, () => socket.destroy());
  try {
    return JSON.parse(await text(socket)) as WorkerHealth;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    return code === 'ECONNREFUSED' || code === 'ENOENT' ? 'killed' : 'silent';
  } finally {
    socket.destroy();
  }
}
