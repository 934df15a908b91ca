import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useClock } from '../../clock.js';
import { EVENT_TYPES } from '../../domain/event-types.js';
import { returnPaths } from '../../mail/return-path.js';
import { aList, aSubscriber } from '../support/api.js';
import { aCampaign } from '../support/api-campaigns.js';
import { post } from '../support/api-messages.js';
import { type DraftEverpost, draftEverpost } from '../support/draft-everpost.js';
import { type HookReceiver, hookReceiver } from '../support/hook-receiver.js';
import { aDraftAnswer, refuses, says } from '../support/model-server.js';
import { aReport } from '../support/reports.js';
import { testNamespace } from '../support/test-servers.js';
import { visit } from '../support/tracked.js';
import { until } from '../support/until.js';

const LIMIT = 60_000;
const IN_A_MONTH = '2126-05-22T13:00:00Z';
const HTML = '<p>Hello, <a href="https://shop.test/tea">tea</a></p>';
const REFUSALS: Readonly<Record<string, string>> = {
  later: '451 4.3.0 try again in 1 second',
  blocked: '451 4.7.1 your IP is listed by a DNSBL, try again in 1 second',
  nobody: '550 5.1.1 no such user',
};

let everpost: DraftEverpost;
let gone: HookReceiver;
let lists = 0;

beforeAll(async () => {
  const seen = new Set<string>();
  const onRcpt = (address: string) => {
    const [local = ''] = address.split('@');
    if (local !== 'nobody' && seen.has(address)) return undefined;
    seen.add(address);
    return REFUSALS[local];
  };
  const onData = ({ to }: { readonly to: readonly string[] }) => (to[0]?.startsWith('lost@') ? 'drop' : undefined);
  const place = { temporal: await testNamespace(), environment: { ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } };
  everpost = await draftEverpost({ onRcpt, onData }, place);
  gone = await hookReceiver(() => 410);
  await everpost.startWorker();
});
afterAll(async () => {
  await everpost?.close();
  await gone?.close();
});

const call = async (route: string, payload?: object) =>
  (await everpost.api.call(route.replace(' /', ' /api/v1/'), payload && { payload })).body;
const collection = (name: string) => everpost.api.store.db.collection(name);
const happens = (type: string, about: object = {}) =>
  until(async () => (await collection('events').findOne({ type, ...about })) !== null, LIMIT);
const state = async (of: string, id: number | string) => JSON.parse(await call(`GET /${of}/${id}`)).data.state;
const untilState = (of: string, id: number | string, wanted: string) =>
  until(async () => (await state(of, id)) === wanted, LIMIT);

/** A list of its own with such readers, at a domain of its own, by their local parts. */
async function readers(...names: string[]) {
  lists += 1;
  const list = await aList(everpost.api);
  const ids = new Map<string, number>();
  const at = (name: string) => `${name}@list${lists}.test`;
  for (const name of names) ids.set(name, (await aSubscriber(everpost.api, list, { email: at(name) })).id);
  return { list, ids, at };
}

async function mailTo(address: string) {
  await until(() => everpost.receiver.accepted.some(({ to }) => to.includes(address)), LIMIT);
  const { raw } = everpost.receiver.accepted.findLast(({ to }) => to.includes(address)) ?? {};
  const { html = '' } = await PostalMime.parse(raw ?? '');
  const path = (kind: string) => new RegExp(`"http://[^/"]+(/${kind}/[^"]+)"`).exec(html)?.[1] ?? '';
  return { link: path('c'), pixel: path('o') };
}

/** Whoever clicks within seconds is taken for a machine. */
async function visitLater(path: string): Promise<void> {
  const restore = useClock({ now: () => new Date(Date.now() + 600_000) });
  await visit(everpost.api, path).finally(restore);
}

/** A report about a mail, handed in from outside. */
async function reported(name: string, token: string): Promise<void> {
  const about = { returnPath: `${token}@bounce.acme.example`, messageId: 'x@y.example' };
  const headers = { 'content-type': 'message/rfc822' };
  await everpost.api.call('POST /api/v1/inbound/raw', { payload: aReport(name, about), headers });
}
const paths = async () => returnPaths(await everpost.api.deps.secrets.ring());

async function aMessage(local: string, fields: object = {}): Promise<string> {
  const answer = await post(everpost.api, { to: `${local}@messages.test`, html: HTML, ...fields });
  return answer.json().data.id;
}

/** What provokes which types: requests, mails, visits and reports, as they come from outside. */
const PROVOKED: readonly (readonly [types: readonly string[], act: () => Promise<void>])[] = [
  [
    ['created', 'updated', 'unsubscribed', 'reactivated', 'erased'].map((type) => `subscriber.${type}`),
    async () => {
      const { list, ids, at } = await readers('ada');
      await call(`PATCH /subscribers/${ids.get('ada')}`, { first_name: 'Ada' });
      await call(`DELETE /subscribers/${at('ada')}`);
      await aSubscriber(everpost.api, list, { email: at('ada') });
      await call(`DELETE /subscribers/${at('ada')}?erase=true`);
    },
  ],
  [
    ['subscriber.pending', 'subscriber.unconfirmed'],
    async () => {
      const list = await aList(everpost.api, { double_opt_in: true });
      const { signup_url } = JSON.parse(await call(`GET /lists/${list}`)).data;
      const payload = { email: 'perhaps@example.com' };
      await everpost.api.call(`POST ${new URL(signup_url).pathname}`, { key: null, payload });
      await happens('subscriber.pending');
      // What its workflow does after a week.
      const row = await collection('confirmations').findOne({});
      await everpost.api.deps.confirmations.expire(everpost.api.account, Number(row?._id));
    },
  ],
  [
    ['campaign.scheduled', 'campaign.draft'],
    async () => {
      const { list } = await readers('ada');
      const id = await aCampaign(everpost.api, list, { scheduled_at: IN_A_MONTH });
      await happens('campaign.scheduled');
      await call(`POST /campaigns/${id}/schedule`, { scheduled_at: null });
    },
  ],
  [
    ['campaign.awaiting_approval'],
    async () => {
      const { list } = await readers('ada');
      await call('POST /account/members', { name: 'Grace', email: 'grace@acme.example', role: 'approver' });
      await aCampaign(everpost.api, list, { approval: true, send: true });
    },
  ],
  [
    ['campaign.freezing', 'campaign.paused', 'campaign.sending', 'recipient.skipped', 'campaign.cancelled'],
    async () => {
      const { list, at } = await readers('one', 'two', 'three', 'four');
      const before = everpost.receiver.accepted.length;
      const id = await aCampaign(everpost.api, list, { send: true, settings: { rate_per_second: 1 } });
      await everpost.receiver.untilAccepted(before + 1);
      await call(`POST /campaigns/${id}/pause`, {});
      await happens('campaign.paused', { campaign: id });
      for (const name of ['one', 'two', 'three', 'four']) await call(`DELETE /subscribers/${at(name)}`);
      await call(`POST /campaigns/${id}/resume`, {});
      const { list: others } = await readers('one', 'two');
      const other = await aCampaign(everpost.api, others, { send: true, settings: { rate_per_second: 1 } });
      await call(`POST /campaigns/${other}/cancel`, {});
    },
  ],
  [
    ['campaign.sent', 'recipient.failed', 'recipient.deferred', 'recipient.uncertain', 'subscriber.bounced'].concat(
      ['opened', 'clicked', 'sent', 'bounced', 'complained'].map((type) => `recipient.${type}`),
      'subscriber.complained',
    ),
    async () => {
      const { list, ids, at } = await readers('fine', 'later', 'lost', 'nobody', 'cross');
      const id = await aCampaign(everpost.api, list, { send: true, html: HTML });
      await untilState('campaigns', id, 'sent');
      const { pixel, link } = await mailTo(at('fine'));
      await visit(everpost.api, pixel);
      await visit(everpost.api, link);
      await visitLater((await mailTo(at('lost'))).link);
      const { forRecipient } = await paths();
      await reported('postfix-unknown-user', forRecipient(id, ids.get('later') ?? 0));
      await reported('yahoo-complaint', forRecipient(id, ids.get('cross') ?? 0));
    },
  ],
  [
    ['campaign.failed'],
    async () => {
      const { list } = await readers('nobody');
      await aCampaign(everpost.api, list, { send: true });
    },
  ],
  [
    ['accepted', 'sent', 'delayed', 'held', 'failed', 'uncertain', 'cancelled'].map((type) => `message.${type}`),
    async () => {
      for (const local of ['fine', 'later', 'blocked', 'nobody', 'lost']) await aMessage(local);
      await call(`POST /messages/${await aMessage('never', { scheduled_at: IN_A_MONTH })}/cancel`, {});
    },
  ],
  [
    ['opened', 'clicked', 'bounced', 'complained'].map((type) => `message.${type}`),
    async () => {
      const id = await aMessage('keen', { track: true });
      const other = await aMessage('cross');
      for (const one of [id, other]) await untilState('messages', one, 'sent');
      const { pixel, link } = await mailTo('keen@messages.test');
      await visit(everpost.api, pixel);
      await visit(everpost.api, link);
      const { forMessage } = await paths();
      await reported('postfix-unknown-user', forMessage(id));
      await reported('yahoo-complaint', forMessage(other));
    },
  ],
  [
    ['draft.ready', 'draft.failed'],
    async () => {
      const { list } = await readers('ada');
      for (const line of [says(aDraftAnswer()), refuses('No.')]) {
        everpost.model.script(line);
        const prompt = 'Announce it, see https://acme.example/pricing.';
        await call('POST /campaigns', { list_id: list, ai: { prompt } });
      }
    },
  ],
  [
    ['key.rotation_due'],
    async () => {
      const { key } = await everpost.api.deps.keys.issue(everpost.api.account, 'Old');
      await collection('keys').updateOne({ name: key.name }, { $set: { rotation_due_at: new Date(0) } });
    },
  ],
  [
    ['webhook.disabled'],
    async () => {
      await call('POST /webhooks', { url: gone.url });
      await readers('ada');
    },
  ],
  [
    ['webhook.missed'],
    async () => {
      const { id, position } = JSON.parse(await call('POST /webhooks', { url: gone.url })).data;
      await call(`PATCH /webhooks/${id}`, { enabled: false });
      await readers('ada');
      await call('GET /events');
      await collection('events').deleteMany({ seq: { $lte: position + 1 } });
      await call(`PATCH /webhooks/${id}`, { enabled: true });
    },
  ],
];

test.each(PROVOKED)('%j', { timeout: 150_000 }, async (types, act) => {
  await act();
  for (const type of types) await happens(type);
});

test('there is no type that nothing provokes', () => {
  expect(PROVOKED.flatMap(([types]) => types).sort()).toEqual([...EVENT_TYPES]);
});
