import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type ListenOptions, listen } from '../../cli/listen/listen.js';
import { aList, anApi, aSubscriber, type TestApi } from '../support/api/api.js';
import { post } from '../support/api/messages.js';
import { type HookReceiver, type HookScript, hookReceiver } from '../support/scripted/hook-receiver.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';
const TIMES = { poll: 5, first: 5, longest: 10 };

let api: TestApi;
let address: string;
let list: number;
let printed: string[];
const opened: HookReceiver[] = [];
beforeAll(async () => {
  api = await anApi();
  address = await api.app.listen({ host: '127.0.0.1', port: 0 });
  list = await aList(api);
  await aSubscriber(api, list, { email: 'before@example.com' });
});
beforeEach(() => {
  printed = [];
  for (const name of ['log', 'error'] as const)
    vi.spyOn(console, name).mockImplementation((line: string) => void printed.push(line));
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const receiver of opened.splice(0)) await receiver.close();
});
afterAll(() => api.close());

async function aReceiver(script?: HookScript): Promise<HookReceiver> {
  const receiver = await hookReceiver(script);
  opened.push(receiver);
  return receiver;
}

function listening(target: string, over: Partial<ListenOptions> = {}) {
  const stop = new AbortController();
  const options = { api: address, key: api.key, type: '*', format: 'standard', secret: SECRET, ...over } as const;
  return { code: listen(target, options, stop.signal, TIMES), stop: () => stop.abort() };
}

const untilPrinted = (text: string) =>
  vi.waitUntil(() => printed.some((line) => line.includes(text)), { timeout: 30_000 });
const bodies = ({ hooks }: HookReceiver) => hooks.map(({ body }) => JSON.parse(body));
const emails = (receiver: HookReceiver) => bodies(receiver).map(({ data }) => data.subscriber.email);

test('forwards events from now on, signed as those of an endpoint, and prints no text of others', async () => {
  const receiver = await aReceiver();
  const { code, stop } = listening(receiver.url);
  await untilPrinted('Forwarding');
  await aSubscriber(api, list, { email: 'after@example.com' });
  await receiver.until((hooks) => hooks.length === 1);
  const { headers = {}, body = '' } = receiver.hooks[0] ?? {};
  expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toMatchObject({
    type: 'subscriber.created',
    data: { subscriber: { email: 'after@example.com' } },
  });
  await untilPrinted(`subscriber.created  ${headers['webhook-id']}  200`);
  stop();
  expect(await code).toBe(0);
  expect(printed.join()).not.toContain('@');
});

test('posts an event again until the address answers, and does not repeat it after any answer', async () => {
  const receiver = await aReceiver((_hook, nth, response) => {
    if (nth <= 2) response.destroy();
    return nth <= 2 ? undefined : 500;
  });
  const { code, stop } = listening(receiver.url, { after: 0, type: 'subscriber.*' });
  await receiver.until((hooks) => hooks.length === 4);
  await untilPrinted('500');
  stop();
  expect(await code).toBe(0);
  const [first, second, third, fourth] = receiver.hooks.map(({ headers }) => headers['webhook-id']);
  expect([second, third]).toEqual([first, first]);
  expect(fourth).not.toBe(first);
  expect(emails(receiver).slice(2)).toEqual(['before@example.com', 'after@example.com']);
  expect(printed.filter((line) => line.includes('does not answer (connection)'))).toHaveLength(1);
});

test('skips events that have no payload in the format', async () => {
  const message = (await post(api, { to: 'reader@example.com' })).json().data.id;
  const events = [
    { _id: 'draft', type: 'draft.ready', data: { draft: 1 } },
    { _id: 'mail', type: 'message.sent', data: { message } },
  ];
  await api.deps.events.append(events.map((event) => ({ account: api.account, ...event })));
  const receiver = await aReceiver();
  const { code, stop } = listening(receiver.url, { after: 0, format: 'envie' });
  await receiver.until((hooks) => hooks.length > 0);
  stop();
  expect(await code).toBe(0);
  expect(bodies(receiver)).toMatchObject([{ event: 'MessageSent' }]);
});

test('waits while Everpost is away or limits the key, and ends when the key is refused', async () => {
  const everpost = await aReceiver((_hook, nth, response) => {
    if (nth === 1) return 503;
    if (nth === 4) return 401;
    const page = JSON.stringify({ data: [], meta: { next: null, forgotten: 0 } });
    response.writeHead(nth === 2 ? 429 : 200, { 'content-type': 'application/json' }).end(page);
    return undefined;
  });
  const { code } = listening('http://127.0.0.1:9', { api: new URL(everpost.url).origin });
  expect(await code).toBe(1);
  expect(everpost.hooks).toHaveLength(4);
  expect(printed.at(-1)).toMatch(/^Everpost answered 401/);
});

test.each([
  ['not an address', {}, 'not an address is not an http:// address.'],
  ['ftp://127.0.0.1', {}, 'ftp://127.0.0.1 is not an http:// address.'],
  ['http://127.0.0.1:9', { key: undefined }, 'Set EVERPOST_API_KEY or --key to a key of the account.'],
  ['http://127.0.0.1:9', { key: 'evp_unknown' }, expect.stringMatching(/^Everpost answered 401/)],
])('%s with %j ends with 1', async (target, over, sentence) => {
  expect(await listening(target, over).code).toBe(1);
  expect(printed).toEqual([sentence]);
});
