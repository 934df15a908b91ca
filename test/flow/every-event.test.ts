import { afterAll, beforeAll, expect, test } from 'vitest';
import { EVENT_TYPES } from '../../domain/event-types.js';
import { calendarOf } from '../../domain/newsletter/cron.js';
import { linkTokens } from '../../mail/tokens.js';
import { fenced } from '../../store/connect.js';
import type { Newsletter } from '../../store/newsletters.js';
import { aList, aSubscriber } from '../support/api.js';
import { aCampaign } from '../support/api-campaigns.js';
import { type EventGround, eventGround, HTML, IN_A_MONTH } from '../support/event-ground.js';
import { aDraftAnswer, refuses, says } from '../support/model-server.js';
import { aNewsletter } from '../support/newsletters.js';
import { visit } from '../support/tracked.js';

let ground: EventGround;
beforeAll(async () => {
  ground = await eventGround();
});
afterAll(() => ground?.close());

/** More than are mailed, one a second, before a request is answered. */
const MANY = Array.from({ length: 30 }, (_, n) => `reader${n}`);

/** What provokes which types: requests, mails, visits and reports, as they come from outside. */
const PROVOKED: readonly (readonly [types: readonly string[], act: () => Promise<void>])[] = [
  [
    ['created', 'updated', 'unsubscribed', 'reactivated', 'erased'].map((type) => `subscriber.${type}`),
    async () => {
      const { list, ids, at } = await ground.readers('ada');
      await ground.call(`PATCH /subscribers/${ids.get('ada')}`, { first_name: 'Ada' });
      await ground.call(`DELETE /subscribers/${at('ada')}`);
      await aSubscriber(ground.api, list, { email: at('ada') });
      await ground.call(`DELETE /subscribers/${at('ada')}?erase=true`);
    },
  ],
  [
    ['subscriber.pending', 'subscriber.unconfirmed'],
    async () => {
      const list = await aList(ground.api, { double_opt_in: true });
      const { signup_url } = JSON.parse(await ground.call(`GET /lists/${list}`)).data;
      const payload = { email: 'perhaps@example.com' };
      await ground.api.call(`POST ${new URL(signup_url).pathname}`, { key: null, payload });
      await ground.happens('subscriber.pending');
      // What its workflow does after a week.
      const row = await ground.collection('confirmations').findOne({});
      await ground.api.deps.confirmations.expire(ground.api.account, Number(row?._id));
    },
  ],
  [
    ['campaign.scheduled', 'campaign.draft'],
    async () => {
      const { list } = await ground.readers('ada');
      const id = await aCampaign(ground.api, list, { scheduled_at: IN_A_MONTH });
      await ground.happens('campaign.scheduled');
      await ground.call(`POST /campaigns/${id}/schedule`, { scheduled_at: null });
    },
  ],
  [
    ['campaign.awaiting_approval'],
    async () => {
      const { list } = await ground.readers('ada');
      await ground.call('POST /account/members', { name: 'Grace', email: 'grace@acme.example', role: 'approver' });
      await aCampaign(ground.api, list, { approval: true, send: true });
    },
  ],
  [
    ['campaign.freezing', 'campaign.paused', 'campaign.sending', 'recipient.skipped', 'campaign.cancelled'],
    async () => {
      const { list, at } = await ground.readers(...MANY);
      const id = await aCampaign(ground.api, list, { send: true, settings: { rate_per_second: 1 } });
      // Its audience is frozen: whoever leaves from here on is skipped.
      await ground.happens('campaign.sending', { campaign: id });
      await ground.call(`POST /campaigns/${id}/pause`, {});
      await ground.happens('campaign.paused', { campaign: id });
      for (const name of MANY) await ground.call(`DELETE /subscribers/${at(name)}`);
      await ground.call(`POST /campaigns/${id}/resume`, {});
      const { list: others } = await ground.readers(...MANY);
      const other = await aCampaign(ground.api, others, { send: true, settings: { rate_per_second: 1 } });
      await ground.call(`POST /campaigns/${other}/cancel`, {});
    },
  ],
  [
    ['campaign.sent', 'recipient.failed', 'recipient.deferred', 'recipient.uncertain', 'subscriber.bounced'].concat(
      ['opened', 'clicked', 'sent', 'bounced', 'complained'].map((type) => `recipient.${type}`),
      'subscriber.complained',
    ),
    async () => {
      const { list, ids, at } = await ground.readers('fine', 'later', 'lost', 'nobody', 'cross');
      const id = await aCampaign(ground.api, list, { send: true, html: HTML });
      await ground.untilState('campaigns', id, 'sent');
      const { pixel, link } = await ground.mailTo(at('fine'));
      await visit(ground.api, pixel);
      await visit(ground.api, link);
      await ground.visitLater((await ground.mailTo(at('lost'))).link);
      const { forRecipient } = await ground.paths();
      await ground.reported('postfix-unknown-user', forRecipient(id, ids.get('later') ?? 0));
      await ground.reported('yahoo-complaint', forRecipient(id, ids.get('cross') ?? 0));
    },
  ],
  [
    ['campaign.failed'],
    async () => {
      const { list } = await ground.readers('nobody');
      await aCampaign(ground.api, list, { send: true });
    },
  ],
  [
    ['accepted', 'sent', 'delayed', 'held', 'failed', 'uncertain', 'cancelled'].map((type) => `message.${type}`),
    async () => {
      for (const local of ['fine', 'later', 'blocked', 'nobody', 'lost']) await ground.aMessage(local);
      await ground.call(`POST /messages/${await ground.aMessage('never', { scheduled_at: IN_A_MONTH })}/cancel`, {});
    },
  ],
  [
    ['opened', 'clicked', 'bounced', 'complained'].map((type) => `message.${type}`),
    async () => {
      const id = await ground.aMessage('keen', { track: true });
      const other = await ground.aMessage('cross');
      for (const one of [id, other]) await ground.untilState('messages', one, 'sent');
      const { pixel, link } = await ground.mailTo('keen@messages.test');
      await visit(ground.api, pixel);
      await visit(ground.api, link);
      const { forMessage } = await ground.paths();
      await ground.reported('postfix-unknown-user', forMessage(id));
      await ground.reported('yahoo-complaint', forMessage(other));
    },
  ],
  [
    ['draft.ready', 'draft.failed'],
    async () => {
      const { list } = await ground.readers('ada');
      for (const line of [says(aDraftAnswer()), refuses('No.')]) {
        ground.model.script(line);
        const prompt = 'Announce it, see https://acme.example/pricing.';
        await ground.call('POST /campaigns', { list_id: list, ai: { prompt } });
      }
    },
  ],
  [
    ['message.unsubscribed'],
    async () => {
      const { api } = ground;
      const mail = {
        from: { email: 'user@example.com' },
        to: { email: 'leaver@example.com' },
        subject: 'Hi',
        html: HTML,
      };
      const headers = { 'x-api-key': api.key };
      const sent = await api.call('POST /api/v1/external-mails/send', { key: null, payload: { mail }, headers });
      const row = await api.deps.messages.find(api.account, sent.json().uuid);
      const token = linkTokens(await api.deps.secrets.ring()).forMessage(api.account, row?.number ?? 0, new Date());
      await visit(api, `/u/m/${token}`, {}, 'POST');
    },
  ],
  [
    ['begun', 'launched', 'sent', 'failed'].map((what) => `newsletter.issue_${what}`),
    async () => {
      for (const reader of ['fine', 'nobody']) {
        const { list } = await ground.readers(reader);
        const { _id } = await aNewsletter(ground.api.store, { list_id: list });
        await ground.call(`POST /newsletters/${_id}/trigger`, {});
      }
    },
  ],
  [
    ['late', 'skipped'].map((what) => `newsletter.issue_${what}`),
    async () => {
      const every = (count: number) => Array.from({ length: count }, (_, i) => i);
      const calendars = [calendarOf({ hour: every(24), minute: every(60) })];
      const { list } = await ground.readers('fine');
      const over = { list_id: list, calendars, catch_up_seconds: 150, end_at: new Date() };
      const { _id } = await aNewsletter(ground.api.store, over);
      // Nobody was there for five minutes: the latest of its times may still begin, the earlier ones are over.
      const $set = { accounted_until: new Date(Date.now() - 300_000), wake_at: new Date(0) };
      await fenced<Newsletter>(ground.api.store, 'newsletters').updateOne({ _id }, { $set });
    },
  ],
  [
    ['key.rotation_due'],
    async () => {
      const { key } = await ground.api.deps.keys.issue(ground.api.account, 'Old');
      await ground.collection('keys').updateOne({ name: key.name }, { $set: { rotation_due_at: new Date(0) } });
    },
  ],
  [
    ['webhook.disabled'],
    async () => {
      await ground.call('POST /webhooks', { url: ground.gone });
      await ground.readers('ada');
    },
  ],
  [
    ['webhook.missed'],
    async () => {
      const { id, position } = JSON.parse(await ground.call('POST /webhooks', { url: ground.gone })).data;
      await ground.call(`PATCH /webhooks/${id}`, { enabled: false });
      await ground.readers('ada');
      await ground.call('GET /events');
      // It stands where it stood, also if something came up before it was switched off.
      const stood = { cursor: position, busy_until: null };
      await ground.collection('endpoints').updateOne({ _id: id }, { $set: stood });
      await ground.collection('events').deleteMany({ seq: { $lte: position + 1 } });
      await ground.call(`PATCH /webhooks/${id}`, { enabled: true });
    },
  ],
];

test.each(PROVOKED)('%j', { timeout: 150_000 }, async (types, act) => {
  await act();
  for (const type of types) await ground.happens(type);
});

test('there is no type that nothing provokes', () => {
  expect(PROVOKED.flatMap(([types]) => types).sort()).toEqual([...EVENT_TYPES]);
});
