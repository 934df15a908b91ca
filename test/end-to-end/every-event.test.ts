import { afterAll, beforeAll, expect, test } from 'vitest';
import { EVENT_TYPES } from '../../domain/event-types.js';
import { calendarOf } from '../../domain/newsletter/cron.js';
import { linkTokens } from '../../mail/tokens/link-tokens.js';
import { majorityCollection } from '../../store/mongo/connect.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import { aList, aSubscriber } from '../support/api/api.js';
import { aCampaign } from '../support/api/campaigns.js';
import { visit } from '../support/api/tracking.js';
import { type EventFixture, eventFixture, HTML, IN_A_MONTH } from '../support/everpost/event-fixture.js';
import { expectTrueSample } from '../support/everpost/true-sample.js';
import { aDraftAnswer, refuses, says } from '../support/scripted/model-server.js';
import { aNewsletter } from '../support/store/newsletters.js';

let fixture: EventFixture;
beforeAll(async () => {
  fixture = await eventFixture();
});
afterAll(() => fixture?.close());

/** So many that one mail a second cannot reach all of them during a request. */
const MANY = Array.from({ length: 30 }, (_, n) => `reader${n}`);

/** The causes of each event type: requests, mails, visits and reports. */
const PROVOKED: readonly (readonly [types: readonly string[], act: () => Promise<void>])[] = [
  [
    ['created', 'updated', 'unsubscribed', 'reactivated', 'erased'].map((type) => `subscriber.${type}`),
    async () => {
      const { list, ids, at } = await fixture.readers('ada');
      await fixture.call(`PATCH /subscribers/${ids.get('ada')}`, { first_name: 'Ada' });
      await fixture.call(`DELETE /subscribers/${at('ada')}`);
      await aSubscriber(fixture.api, list, { email: at('ada') });
      await fixture.call(`DELETE /subscribers/${at('ada')}?erase=true`);
    },
  ],
  [
    ['subscriber.pending', 'subscriber.unconfirmed'],
    async () => {
      const list = await aList(fixture.api, { double_opt_in: true });
      const { signup_url } = JSON.parse(await fixture.call(`GET /lists/${list}`)).data;
      const payload = { email: 'perhaps@example.com' };
      await fixture.api.call(`POST ${new URL(signup_url).pathname}`, { key: null, payload });
      await fixture.untilEvent('subscriber.pending');
      // Done by its workflow after a week.
      const row = await fixture.collection('confirmations').findOne({});
      await fixture.api.deps.confirmations.expire(fixture.api.account, Number(row?._id));
    },
  ],
  [
    ['campaign.scheduled', 'campaign.draft'],
    async () => {
      const { list } = await fixture.readers('ada');
      const id = await aCampaign(fixture.api, list, { scheduled_at: IN_A_MONTH });
      await fixture.untilEvent('campaign.scheduled');
      await fixture.call(`POST /campaigns/${id}/schedule`, { scheduled_at: null });
    },
  ],
  [
    ['campaign.awaiting_approval'],
    async () => {
      const { list } = await fixture.readers('ada');
      await fixture.call('POST /account/members', { name: 'Grace', email: 'grace@acme.example', role: 'approver' });
      await aCampaign(fixture.api, list, { approval: true, send: true });
    },
  ],
  [
    ['campaign.freezing', 'campaign.paused', 'campaign.sending', 'recipient.skipped', 'campaign.cancelled'],
    async () => {
      const { list, at } = await fixture.readers(...MANY);
      const id = await aCampaign(fixture.api, list, { send: true, settings: { rate_per_second: 1 } });
      // The audience is frozen, so subscribers who leave now are skipped.
      await fixture.untilEvent('campaign.sending', { campaign: id });
      await fixture.call(`POST /campaigns/${id}/pause`, {});
      await fixture.untilEvent('campaign.paused', { campaign: id });
      for (const name of MANY) await fixture.call(`DELETE /subscribers/${at(name)}`);
      await fixture.call(`POST /campaigns/${id}/resume`, {});
      const { list: others } = await fixture.readers(...MANY);
      const other = await aCampaign(fixture.api, others, { send: true, settings: { rate_per_second: 1 } });
      await fixture.call(`POST /campaigns/${other}/cancel`, {});
    },
  ],
  [
    ['campaign.sent', 'recipient.failed', 'recipient.deferred', 'recipient.uncertain', 'subscriber.bounced'].concat(
      ['opened', 'clicked', 'sent', 'bounced', 'complained'].map((type) => `recipient.${type}`),
      'subscriber.complained',
    ),
    async () => {
      const { list, ids, at } = await fixture.readers('fine', 'later', 'lost', 'missing', 'cross');
      const id = await aCampaign(fixture.api, list, { send: true, html: HTML });
      await fixture.untilState('campaigns', id, 'sent');
      const { pixel, link } = await fixture.mailTo(at('fine'));
      await visit(fixture.api, pixel);
      await visit(fixture.api, link);
      await fixture.visitLater((await fixture.mailTo(at('lost'))).link);
      const { forRecipient } = await fixture.paths();
      await fixture.reported('postfix-unknown-user', forRecipient(id, ids.get('later') ?? 0));
      await fixture.reported('yahoo-complaint', forRecipient(id, ids.get('cross') ?? 0));
    },
  ],
  [
    ['campaign.held', 'campaign.resumed'],
    async () => {
      const { list } = await fixture.readers('limited', 'fine', 'other');
      // A window of one mail, so that the refusal of the first holds the others.
      await aCampaign(fixture.api, list, { send: true, settings: { rate_per_second: 1 } });
    },
  ],
  [
    ['campaign.failed'],
    async () => {
      const { list } = await fixture.readers('missing');
      await aCampaign(fixture.api, list, { send: true });
    },
  ],
  [
    ['accepted', 'sent', 'delayed', 'blocked', 'failed', 'uncertain', 'cancelled'].map((type) => `message.${type}`),
    async () => {
      for (const local of ['fine', 'later', 'blocked', 'missing', 'lost']) await fixture.aMessage(local);
      await fixture.call(`POST /messages/${await fixture.aMessage('never', { scheduled_at: IN_A_MONTH })}/cancel`, {});
    },
  ],
  [
    ['message.held'],
    async () => {
      // An account that has disabled its transports sends nothing.
      const transport = { name: 'Off', url: 'smtp://127.0.0.1:9', enabled: false, purpose: 'transactional' };
      const { id } = JSON.parse(await fixture.call('POST /transports', transport)).data;
      // Workers read the transports of an account every two seconds.
      await fixture.untilTrue(async () => {
        await fixture.aMessage('held');
        return (await fixture.collection('events').findOne({ type: 'message.held' })) !== null;
      });
      await fixture.call(`DELETE /transports/${id}`);
    },
  ],
  [
    ['opened', 'clicked', 'bounced', 'complained'].map((type) => `message.${type}`),
    async () => {
      const id = await fixture.aMessage('keen', { track: true });
      const other = await fixture.aMessage('cross');
      for (const one of [id, other]) await fixture.untilState('messages', one, 'sent');
      const { pixel, link } = await fixture.mailTo('keen@messages.test');
      await visit(fixture.api, pixel);
      await visit(fixture.api, link);
      const { forMessage } = await fixture.paths();
      await fixture.reported('postfix-unknown-user', forMessage(id));
      await fixture.reported('yahoo-complaint', forMessage(other));
    },
  ],
  [
    ['draft.ready', 'draft.failed'],
    async () => {
      const { list } = await fixture.readers('ada');
      for (const line of [says(aDraftAnswer()), refuses('No.')]) {
        fixture.model.script(line);
        const prompt = 'Announce it, see https://acme.example/pricing.';
        await fixture.call('POST /campaigns', { list_id: list, ai: { prompt } });
      }
    },
  ],
  [
    ['message.unsubscribed'],
    async () => {
      const { api } = fixture;
      const mail = {
        from: { email: 'user@example.com' },
        to: { email: 'leaver@example.com' },
        subject: 'Hi',
        html: HTML,
      };
      const headers = { 'x-api-key': api.key };
      const sent = await api.call('POST /api/v1/external-mails/send', { key: null, payload: { mail }, headers });
      const row = await api.deps.messages.find(api.account, sent.json().uuid);
      const token = linkTokens(await api.deps.linkKeys.ring()).forMessage(api.account, row?.number ?? 0, new Date());
      await visit(api, `/u/m/${token}`, {}, 'POST');
    },
  ],
  [
    ['begun', 'launched', 'sent', 'failed'].map((what) => `newsletter.issue_${what}`),
    async () => {
      for (const reader of ['fine', 'missing']) {
        const { list } = await fixture.readers(reader);
        const { _id } = await aNewsletter(fixture.api.store, { list_id: list });
        await fixture.call(`POST /newsletters/${_id}/trigger`, {});
      }
    },
  ],
  [
    ['late', 'skipped'].map((what) => `newsletter.issue_${what}`),
    async () => {
      const every = (count: number) => Array.from({ length: count }, (_, i) => i);
      // After a gap, the time a minute ago may still begin, and the one five minutes ago has expired.
      const minute = [5, 1].map((ago) => new Date(Date.now() - ago * 60_000).getUTCMinutes());
      const calendars = [calendarOf({ hour: every(24), minute })];
      const { list } = await fixture.readers('fine');
      const over = { list_id: list, calendars, catch_up_seconds: 150, end_at: new Date() };
      const { _id } = await aNewsletter(fixture.api.store, over);
      const $set = { accounted_until: new Date(Date.now() - 400_000), sweep_at: new Date(0) };
      await majorityCollection<Newsletter>(fixture.api.store, 'newsletters').updateOne({ _id }, { $set });
    },
  ],
  [
    ['key.rotation_due'],
    async () => {
      const { key } = await fixture.api.deps.keys.issue(fixture.api.account, 'Old');
      await fixture.collection('keys').updateOne({ name: key.name }, { $set: { rotation_due_at: new Date(0) } });
    },
  ],
  [
    ['webhook.disabled'],
    async () => {
      await fixture.call('POST /webhooks', { url: fixture.gone });
      await fixture.readers('ada');
    },
  ],
  [
    ['webhook.missed'],
    async () => {
      const { id, position } = JSON.parse(await fixture.call('POST /webhooks', { url: fixture.gone })).data;
      await fixture.call(`PATCH /webhooks/${id}`, { enabled: false });
      await fixture.readers('ada');
      await fixture.call('GET /events');
      // It keeps its position, also if an event was appended before it was disabled.
      const stood = { cursor: position, leased_until: null };
      await fixture.collection('endpoints').updateOne({ _id: id }, { $set: stood });
      await fixture.collection('events').deleteMany({ seq: { $lte: position + 1 } });
      await fixture.call(`PATCH /webhooks/${id}`, { enabled: true });
    },
  ],
];

test.each(PROVOKED)('%j', { timeout: 150_000 }, async (types, act) => {
  await act();
  for (const type of types) {
    await fixture.untilEvent(type);
    await expectTrueSample(fixture, type);
  }
});

test('every event type has a cause', () => {
  expect(PROVOKED.flatMap(([types]) => types).sort()).toEqual([...EVENT_TYPES]);
});
