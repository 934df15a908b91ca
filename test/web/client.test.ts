import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type WebClient, webClient } from '../../web/client.js';
import type { Resolve } from '../../web/connector.js';
import { type HookReceiver, hookReceiver } from '../support/scripted/hook-receiver.js';

let receiver: HookReceiver;
const clients: WebClient[] = [];

beforeAll(async () => {
  receiver = await hookReceiver(({ path }, _nth, answer) => respond(path, answer));
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});
afterAll(() => receiver?.close());

function respond(path: string, answer: ServerResponse): number | undefined {
  if (path === '/redirect')
    answer.writeHead(302, { location: `http://127.0.0.1:${receiver.port}/secret` }).end('moved');
  else if (path === '/large') answer.writeHead(200).end('x'.repeat(1_000_000));
  else if (path === '/drip') answer.writeHead(202).write('first');
  else if (path === '/busy') answer.writeHead(503, { 'retry-after': '120' }).end();
  else if (path !== '/silent') return 204;
  return undefined;
}

function aClient(exceptions: readonly string[], resolve?: Resolve): WebClient {
  const client = webClient({ exceptions, ...(resolve && { resolve }) });
  clients.push(client);
  return client;
}

const ask = (client: WebClient, url: string, timeout = 20_000) =>
  client.send({ method: 'POST', url, headers: {}, body: '{}', timeout, maxBytes: 1_024 });
const at = (host: string, path = '/') => `http://${host}:${receiver.port}${path}`;
const standsFor =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

test('a name that resolves to private addresses only is not contacted', async () => {
  const heard = receiver.hooks.length;
  for (const addresses of [['127.0.0.1'], ['::ffff:127.0.0.1'], ['169.254.169.254', '127.0.0.1'], []]) {
    const client = aClient([], standsFor(...addresses));
    expect(await ask(client, 'https://hooks.example.com/')).toMatchObject({ kind: 'failed', why: 'forbidden_address' });
  }
  expect(receiver.hooks.length).toBe(heard);
});

test('a name that resolves to a public address first and to a private one later is not contacted', async () => {
  let lookups = 0;
  const rebinding: Resolve = async () => {
    lookups += 1;
    return [{ address: lookups === 1 ? '93.184.216.34' : '127.0.0.1', family: 4 }];
  };
  await rebinding('hooks.example.com');
  const answer = await ask(aClient([], rebinding), 'https://hooks.example.com/');
  expect(answer).toMatchObject({ kind: 'failed', why: 'forbidden_address' });
  // One lookup per connection: it uses the checked addresses.
  expect(lookups).toBe(2);
});

test('an exception is honoured after the name is resolved; http and other ports are for exceptions only', async () => {
  const excepted = aClient(['127.0.0.0/8'], standsFor('127.0.0.1'));
  expect(await ask(excepted, at('hooks.example.com'))).toMatchObject({ kind: 'answered', status: 204 });
  const elsewhere = aClient(['10.0.0.0/8'], standsFor('127.0.0.1'));
  expect(await ask(elsewhere, at('hooks.example.com'))).toMatchObject({ why: 'forbidden_address' });
  const plain = aClient(['10.0.0.0/8'], standsFor('93.184.216.34'));
  expect(await ask(plain, at('hooks.example.com'))).toMatchObject({ why: 'forbidden_address' });
  expect(await ask(aClient([]), at('127.0.0.1'))).toMatchObject({ why: 'forbidden_address' });
});

test('a redirect is returned, not followed', async () => {
  const client = aClient(['127.0.0.1']);
  expect(await ask(client, at('127.0.0.1', '/redirect'))).toMatchObject({ kind: 'answered', status: 302 });
  expect(receiver.hooks.some(({ path }) => path === '/secret')).toBe(false);
});

test('an answer is read up to its limit; a slow body keeps its status; no answer is a timeout', async () => {
  const client = aClient(['127.0.0.1']);
  const large = await ask(client, at('127.0.0.1', '/large'));
  expect(large.kind === 'answered' && large.body.length).toBe(1_024);
  const drip = await ask(client, at('127.0.0.1', '/drip'), 2_000);
  expect(drip.kind === 'answered' && [drip.status, drip.body.toString()]).toEqual([202, 'first']);
  expect(await ask(client, at('127.0.0.1', '/silent'), 300)).toMatchObject({ kind: 'failed', why: 'timeout' });
});

test('Retry-After is returned; failures have stable words', async () => {
  const client = aClient(['127.0.0.1']);
  expect(await ask(client, at('127.0.0.1', '/busy'))).toMatchObject({ status: 503, retryAfter: '120' });
  const closed = await hookReceiver();
  await closed.close();
  expect(await ask(client, closed.url)).toMatchObject({ kind: 'failed', why: 'connection' });
  expect(await ask(client, `https://127.0.0.1:${receiver.port}/`)).toMatchObject({ kind: 'failed', why: 'tls' });
});
