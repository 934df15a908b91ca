import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { machineTime } from '../harness/machine-time.js';
import { codeMail } from '../sender/code-mail.js';
import { addressOf, type CallingOrder, type CallingRun } from './caller.js';

/** Posts messages over kept connections. It runs as a child process and answers each order with a run. */
type Post = (n: number) => Promise<void>;

const ACCEPTED = 202;

const pools = new Map<string, Pool>();

function poolOf({ address, inFlight }: CallingOrder): Pool {
  const name = `${address} ${inFlight}`;
  const pool = pools.get(name) ?? new Pool(address, { connections: inFlight });
  pools.set(name, pool);
  return pool;
}

function posting(order: CallingOrder): Post {
  const pool = poolOf(order);
  const keys = order.keys.map((key) => `Bearer ${key}`);
  return async (n) => {
    const headers = {
      authorization: keys[n % keys.length] ?? '',
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    };
    const body = JSON.stringify({ to: addressOf(order.prefix, n), ...codeMail() });
    const response = await pool.request({ method: 'POST', path: '/api/v1/messages', headers, body });
    const text = await response.body.text();
    if (response.statusCode !== ACCEPTED) throw new Error(`message ${n} was answered ${response.statusCode}: ${text}`);
  };
}

async function run(order: CallingOrder): Promise<CallingRun> {
  const post = posting(order);
  const [requestedAt, answeredAt]: [number[], number[]] = [[], []];
  const timed = async (n: number, due = machineTime()) => {
    requestedAt[n] = due;
    await post(n);
    answeredAt[n] = machineTime();
  };
  const cpu = process.cpuUsage();
  await (order.perSecond === undefined ? oneAfterAnother(order, timed) : atPace(order, order.perSecond, timed));
  const { user, system } = process.cpuUsage(cpu);
  return { requestedAt, answeredAt, cpu: (user + system) / 1_000 };
}

async function oneAfterAnother({ messages, inFlight }: CallingOrder, post: Post): Promise<void> {
  let next = 0;
  const postOn = async () => {
    while (next < messages) {
      next += 1;
      await post(next - 1);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, postOn));
}

/** A request counts from the moment at which it was due, so that a late one is not excused. */
async function atPace(
  { messages }: CallingOrder,
  perSecond: number,
  post: (n: number, due: number) => Promise<void>,
): Promise<void> {
  const begun = machineTime();
  const posts: Promise<void>[] = [];
  for (let n = 0; n < messages; n += 1) {
    const due = begun + (n * 1_000) / perSecond;
    const wait = due - machineTime();
    if (wait > 0) await pause(wait);
    posts.push(post(n, due));
  }
  await Promise.all(posts);
}

process.on('message', (order: CallingOrder) => {
  void run(order).then((answer) => process.send?.(answer));
});
process.once('disconnect', () => process.exit(0));
