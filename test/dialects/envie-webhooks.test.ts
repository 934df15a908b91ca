import { afterAll, beforeAll, expect, test } from 'vitest';
import { FIREFOX } from '../support/api/tracking.js';
import { blocksOf } from '../support/dialects/documents.js';
import { type Product, theProduct } from '../support/dialects/product.js';
import { shapeFaults } from '../support/dialects/shape.js';
import { type HookReceiver, hookReceiver } from '../support/scripted/hook-receiver.js';

interface Payload {
  readonly event: string;
  readonly payload: { readonly message: { readonly to: string }; readonly url?: string };
}

const DOCUMENTED = blocksOf('envie')
  .map((block) => JSON.parse(block) as Payload)
  .filter(({ event }) => event !== undefined);

/** Replies to the first attempt; the second one is accepted, except for an unknown recipient. */
const FIRST: Readonly<Record<string, string>> = {
  'delayed@example.org': '451 4.3.0 come back later',
  'held@example.org': '451 4.7.1 your host is listed at spamhaus',
  'listed@example.org': '421 4.7.0 Your IP is on blacklist',
  'gone@example.org': '550 5.1.1 no such user',
};

let product: Product;
let receiver: HookReceiver;
const tries = new Map<string, number>();

function onRcpt(address: string): string | undefined {
  const nth = (tries.get(address) ?? 0) + 1;
  tries.set(address, nth);
  return nth === 1 ? FIRST[address] : undefined;
}

beforeAll(async () => {
  receiver = await hookReceiver();
  product = await theProduct({ onRcpt });
  const payload = { url: receiver.url, format: 'envie' };
  await product.api.call('POST /api/v1/webhooks', { payload });
});
afterAll(async () => {
  await product?.close();
  await receiver?.close();
});

async function send(to_email: string): Promise<void> {
  const person = { to_name: 'Ana', to_email, from_name: 'Loja', from_email: 'loja@example.org' };
  const body = '<html><body><p><a href="https://loja.test/cha">Chá</a></p></body></html>';
  const reply = { reply_to_name: 'Loja', reply_to_email: 'loja@example.org' };
  const response = await fetch(`${product.url}/singlesending/create`, {
    method: 'POST',
    headers: { 'public-key': '1', 'private-key': product.api.key, 'content-type': 'application/json' },
    body: JSON.stringify({ ...person, ...reply, subject: 'Chá', body }),
  });
  expect(response.status, await response.text()).toBe(200);
}

const received = () => receiver.hooks.map(({ body }) => JSON.parse(body) as Payload);

/** The decoded body of the mail. */
function linkIn(pattern: RegExp): string {
  const raw = String(product.receiver.accepted[0]?.raw).replace(/=\r\n/g, '').replaceAll('=3D', '=');
  const [found] = pattern.exec(raw) ?? [];
  if (found === undefined) throw new Error(`no ${pattern} in the mail`);
  return found;
}

test('the events of a single mail are posted as the six documented webhooks, field by field', async () => {
  await send('ada@example.org');
  await product.receiver.untilAccepted(1);
  const visit = { headers: { 'user-agent': FIREFOX }, redirect: 'manual' } as const;
  await fetch(linkIn(/http:\/\/127\.0\.0\.1:\d+\/o\/[\w-]+\.gif/), visit);
  await fetch(linkIn(/http:\/\/127\.0\.0\.1:\d+\/c\/[\w-]+\/\d+/), visit);
  for (const address of Object.keys(FIRST)) await send(address);
  const wanted = DOCUMENTED.map(({ event }) => event).sort();
  expect(wanted).toHaveLength(6);
  const isHeld = ({ event, payload }: Payload) =>
    event === 'MessageHeld' && payload.message.to === 'listed@example.org';
  await receiver.until(
    () => wanted.every((event) => received().some((hook) => hook.event === event)) && received().some(isHeld),
  );
  for (const shown of DOCUMENTED) {
    for (const given of received().filter(({ event }) => event === shown.event)) {
      expect(shapeFaults(shown, given)).toEqual([]);
      expect(shapeFaults(given, shown)).toEqual([]);
    }
  }
  const about = (event: string) => received().find((hook) => hook.event === event)?.payload;
  expect(
    received().some(({ event, payload }) => event === 'MessageHeld' && payload.message.to === 'held@example.org'),
  ).toBe(true);
  expect(about('MessageDelayed')?.message.to).toBe('delayed@example.org');
  expect(about('MessageDeliveryFailed')?.message.to).toBe('gone@example.org');
  expect(about('MessageLinkClicked')?.url).toBe('https://loja.test/cha');
});
