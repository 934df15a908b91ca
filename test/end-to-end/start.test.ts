import { rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STARTED_KEY, type StartedEverpost, startedEverpost } from '../support/end-to-end/started-everpost.js';
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

const exported: string[] = [];
const spans = () =>
  exported
    .map((body) => JSON.parse(body) as Export)
    .flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans)));
const closes: (() => Promise<unknown>)[] = [];
let everpost: StartedEverpost;
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
  everpost = await startedEverpost({
    OTEL_EXPORTER_OTLP_ENDPOINT: await aCollector(),
    OTEL_BSP_SCHEDULE_DELAY: '100',
    SMTP_URL: receiver.url,
    ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
  });
  closes.push(everpost.close);
}, 120_000);
afterAll(async () => {
  for (const close of closes.reverse()) await close();
});

const post = (path: string, body: object) => everpost.request('POST', path, body);

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
  for (const secret of ['ana@', 'sender.example', 'A subject', 'The content', STARTED_KEY, hooks.url]) {
    expect(all).not.toContain(secret);
  }
});

/** Posts messages to readers of their own and resolves with their ids. */
function accepted(count: number, name: string): Promise<string[]> {
  const posts = Array.from({ length: count }, async (_, n) => {
    const mail = { from: 'codes@sender.example', to: `${name}${n}@example.org`, subject: 'Code', text: 'It is 1' };
    return (await post('/messages', mail)).data.id;
  });
  return Promise.all(posts);
}

/** The same, once the receiver has the first of them. */
async function inFlight(count: number, name: string): Promise<string[]> {
  const before = receiver.steps.dot;
  const ids = await accepted(count, name);
  await receiver.untilStep('dot', before + 1);
  return ids;
}

async function untilAllSent(ids: readonly string[], name: string): Promise<void> {
  const states = () =>
    Promise.all(ids.map(async (id) => (await everpost.request('GET', `/messages/${id}`)).data.state));
  await until(async () => (await states()).every((state) => state === 'sent'), 120_000);
  const arrived = receiver.accepted.flatMap(({ to }) => to).filter((to) => to.startsWith(name));
  expect(arrived.toSorted()).toEqual(ids.map((_, n) => `${name}${n}@example.org`).toSorted());
}

test('a killed MongoDB is started again: /ready says so, /health stays well, messages in flight arrive once', async () => {
  const letGo = receiver.hold();
  const ids = await inFlight(20, 'mongo');
  await everpost.kill('mongodb');
  await until(async () => /it ended with SIGKILL/.test(JSON.stringify((await everpost.ready()).body)));
  const down = await everpost.ready();
  expect((await fetch(`${everpost.api}/health`)).status).toBe(200);
  letGo();
  await until(async () => (await everpost.ready()).status === 200, 60_000);
  const message = expect.stringMatching(/^MongoDB has been down since .*: it ended with SIGKILL\. It is/);
  expect(down).toMatchObject({ status: 503, body: { error: { code: 'unavailable', message } } });
  await untilAllSent(ids, 'mongo');
  expect(everpost.printed()).toMatch(/MongoDB is down: it ended with SIGKILL.*\nMongoDB runs again, after/);
});

test('a killed Temporal is started again: /ready says so, messages in flight and accepted meanwhile arrive once', async () => {
  const letGo = receiver.hold();
  const ids = await inFlight(20, 'temporal');
  await everpost.kill('temporal');
  let answer = await everpost.ready();
  await until(async () => {
    answer = await everpost.ready();
    return answer.body['restarting'] !== undefined;
  });
  const later = await accepted(3, 'later');
  letGo();
  const restarting = [{ server: 'temporal', since: expect.any(String), detail: 'it ended with SIGKILL' }];
  expect(answer).toMatchObject({ status: 200, body: { status: 'ok', restarting } });
  await untilAllSent(ids, 'temporal');
  await untilAllSent(later, 'later');
  await until(async () => isDeepStrictEqual((await everpost.ready()).body, { status: 'ok', temporal: 'reachable' }));
});

test('a MongoDB whose data is gone cannot be started again: the process ends with 1 and says why', async () => {
  const data = join(await everpost.folderOf('mongodb'), 'data');
  await rename(data, `${data}-away`);
  await everpost.kill('mongodb');
  expect(await everpost.ended).toBe('1');
  expect(everpost.printed().trimEnd().split('\n').at(-1)).toMatch(
    /^MongoDB has ended and cannot be started again \(one try\): its data is gone\. Its data is in .*, its log is .*mongod\.log\.$/,
  );
});
