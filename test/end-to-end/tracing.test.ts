import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { packageRoot } from '../../config.js';
import { freePort } from '../../servers/ports.js';
import { hookReceiver } from '../support/scripted/hook-receiver.js';
import { smtpServer } from '../support/scripted/smtp-server.js';
import { portOf } from '../support/servers/port-of.js';
import { until } from '../support/until.js';

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly Attribute[];
  readonly links?: readonly { readonly traceId: string }[];
}

interface Export {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

const KEY = 'evp_a_key_of_the_traced_process';
const exported: string[] = [];
const spans = () =>
  exported
    .map((body) => JSON.parse(body) as Export)
    .flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans)));
const closes: (() => Promise<unknown>)[] = [];
let api: string;
let receiver: Awaited<ReturnType<typeof smtpServer>>;

/** A collector that keeps what it is sent. */
async function aCollector(): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    exported.push(body);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  closes.push(async () => server.close());
  return `http://127.0.0.1:${await portOf(server)}`;
}

beforeAll(async () => {
  receiver = await smtpServer();
  closes.push(receiver.close);
  const dataDir = await mkdtemp(join(tmpdir(), 'everpost-traced-'));
  const port = await freePort(0);
  api = `http://127.0.0.1:${port}`;
  const environment = {
    PATH: process.env['PATH'] ?? '',
    OTEL_EXPORTER_OTLP_ENDPOINT: await aCollector(),
    OTEL_BSP_SCHEDULE_DELAY: '100',
    MONGODB_URL: inject('mongodbUrl'),
    MONGODB_DATABASE: `test_${randomUUID().replaceAll('-', '')}`,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: `traced-${randomUUID()}`,
    SMTP_URL: receiver.url,
    EVERPOST_API_KEY: KEY,
    EVERPOST_SECRET: 'a secret of the traced process',
    ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    DATA_DIR: dataDir,
    PORT: String(port),
    LOG_LEVEL: 'error',
  };
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli.ts', 'start'], {
    cwd: packageRoot(),
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  closes.push(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(dataDir, { recursive: true, force: true });
  });
  await until(async () => (await fetch(`${api}/ready`).catch(() => undefined))?.ok === true, 60_000);
}, 90_000);
afterAll(async () => {
  for (const close of closes.reverse()) await close();
});

const post = async (path: string, body: object) => {
  const response = await fetch(`${api}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBeLessThan(300);
  return (await response.json()) as { readonly data: { readonly id: string } };
};

test('one trace runs from the request to the SMTP exchange and the webhook, without addresses or contents', async () => {
  const hooks = await hookReceiver();
  closes.push(hooks.close);
  await post('/webhooks', { url: hooks.url, events: ['message.sent'] });
  const mail = { from: 'codes@sender.example', to: 'ana@example.org', subject: 'A subject', text: 'The content' };
  const { id } = (await post('/messages', mail)).data;
  await receiver.untilAccepted(1);
  await hooks.until((all) => all.length > 0);

  const smtpSpan = () => spans().find(({ name }) => name === 'SMTP');
  const traceOf = (span: Span | undefined) => spans().filter(({ traceId }) => traceId === span?.traceId);
  const wanted = [/^SMTP$/, /^webhook$/, /^StartWorkflow/];
  const isWhole = (trace: readonly Span[]) => wanted.every((pattern) => trace.some(({ name }) => pattern.test(name)));
  await until(() => isWhole(traceOf(smtpSpan()))).catch(() => undefined);
  const smtp = smtpSpan();
  const trace = traceOf(smtp);
  expect(isWhole(trace), trace.map(({ name }) => name).join(', ')).toBe(true);
  expect(smtp?.attributes).toContainEqual({ key: 'everpost.message', value: { stringValue: id } });
  expect(smtp?.attributes).toContainEqual({ key: 'everpost.outcome', value: { stringValue: 'accepted' } });
  const isRequest = ({ attributes }: Span) =>
    attributes.some(({ key, value }) => key === 'http.route' && value['stringValue'] === '/api/v1/messages');
  expect(trace.filter(isRequest)).toHaveLength(1);
  expect(trace.some(({ attributes }) => attributes.some(({ key }) => key.startsWith('db.')))).toBe(true);

  // A workflow exports its span when it ends, and none where its first task was repeated: any will do.
  await until(() => spans().some(({ name }) => /^RunWorkflow/.test(name)));

  const all = exported.join('\n');
  for (const secret of ['ana@', 'sender.example', 'A subject', 'The content', KEY, hooks.url]) {
    expect(all).not.toContain(secret);
  }
});
