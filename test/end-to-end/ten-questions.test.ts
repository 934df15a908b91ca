import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { storyCommands } from '../../cli/stories/commands.js';
import { now } from '../../clock.js';
import { packageRoot } from '../../config.js';
import { returnPaths } from '../../mail/tokens/return-path.js';
import { aList, aSubscriber } from '../support/api/api.js';
import { aCampaign } from '../support/api/campaigns.js';
import { type DraftEverpost, draftEverpost } from '../support/everpost/draft-everpost.js';
import { aReport } from '../support/mail/reports.js';
import { type HookReceiver, hookReceiver } from '../support/scripted/hook-receiver.js';
import { quietPort } from '../support/servers/quiet-port.js';
import { until } from '../support/until.js';

const LIMIT = 60_000;
const UNKNOWN = '550 5.1.1 no such user';
const NIGHT = '03:12';
let everpost: DraftEverpost;
let hook: HookReceiver;
let isDoubtful = false;
/** What stands in the guide, and what it is here. */
const here: Record<string, string> = {};

const get = async (path: string) => (await everpost.api.call(`GET /api/v1${path}`)).json();
const post = async (path: string, payload: object) =>
  (await everpost.api.call(`POST /api/v1${path}`, { payload })).json().data;
const untilState = (path: string, state: string) => until(async () => (await get(path)).data.state === state, LIMIT);

/** The faults of a first day, each on a running installation. */
beforeAll(async () => {
  hook = await hookReceiver(() => 503);
  const script = {
    on: (step: string, argument: string) => {
      if (step === 'rcpt') isDoubtful = argument.includes('doubt@');
      return step === 'dot' && isDoubtful ? ('drop' as const) : undefined;
    },
  };
  everpost = await draftEverpost(script, { environment: { ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } });
  await everpost.startWorker();
  await campaignWithABounce();
  await uncertainCampaign();
  await slowCampaign();
  here['12'] = `${await issueWithoutData()}`;
  here['0197c1a2-7a53-7c4e-9a51-3f0f6a2b9d11'] = await messageWithWebhook();
  await takeTransportAway();
  await atNight();
}, 180_000);
afterAll(async () => {
  await everpost?.close();
  await hook?.close();
});

/** Ana is suppressed and Cid has left before the freeze; Bob's mail bounces later. */
async function campaignWithABounce(): Promise<void> {
  const { api } = everpost;
  const list = await aList(api);
  const [, bob] = await Promise.all(
    ['ana', 'bob', 'cid'].map((name) => aSubscriber(api, list, { email: `${name}@example.org` })),
  );
  await api.deps.suppressions.add(api.account, 'ana@example.org', 'bounce', UNKNOWN);
  await api.call('DELETE /api/v1/subscribers/cid@example.org');
  const campaign = await aCampaign(api, list, { send: true });
  here['7'] = `${campaign}`;
  await untilState(`/campaigns/${campaign}`, 'sent');
  const paths = returnPaths(await api.deps.linkKeys.ring());
  const payload = aReport('postfix-unknown-user', {
    returnPath: `${paths.forRecipient(campaign, bob?.id ?? 0)}@bounce.example.test`,
    ...{ messageId: 'x@y.example', address: 'bob@example.org' },
  });
  await api.call('POST /api/v1/inbound/raw', { payload, headers: { 'content-type': 'message/rfc822' } });
  await until(async () => (await get('/people/bob@example.org')).data.suppression !== null, LIMIT);
}

async function uncertainCampaign(): Promise<void> {
  const list = await aList(everpost.api);
  await aSubscriber(everpost.api, list, { email: 'doubt@example.org' });
  const campaign = await aCampaign(everpost.api, list, { send: true });
  here['uncertain'] = `${campaign}`;
  await untilState(`/campaigns/${campaign}`, 'failed');
}

/** It is being sent as long as the questions are asked. */
async function slowCampaign(): Promise<void> {
  const list = await aList(everpost.api);
  const subscribers = Array.from({ length: 500 }, (_, n) => ({ email: `reader${n}@example.org` }));
  await post('/subscribers/batch', { list_id: list, subscribers });
  const campaign = await aCampaign(everpost.api, list, { send: true, settings: { rate_per_second: 4 } });
  here['8'] = `${campaign}`;
  await until(async () => (await get(`/campaigns/${campaign}`)).data.speed?.per_second > 0, LIMIT);
}

async function issueWithoutData(): Promise<number> {
  const fields = { name: 'Acme weekly', schedule: { cron: '0 9 * * 5', lead_minutes: 60 }, source: { kind: 'data' } };
  const list_id = await aList(everpost.api);
  const { id } = await post('/newsletters', { ...fields, list_id, subject: 'Weekly', html: '<p>{{ data.word }}</p>' });
  await post(`/newsletters/${id}/trigger`, {});
  await until(async () => (await get(`/newsletters/${id}/issues`)).data[0]?.waiting?.reason === 'source', LIMIT);
  return id;
}

async function messageWithWebhook(): Promise<string> {
  await post('/webhooks', { url: hook.url, events: ['message.sent'] });
  const { id } = await post('/messages', { to: 'dan@example.org', subject: 'Code', text: '123456' });
  await hook.until((hooks) => hooks.length > 0);
  const tried = async () => (await get(`/events?message=${id}&include=deliveries`)).data;
  const isTried = ({ deliveries }: { deliveries: object[] }) => deliveries.length > 0;
  await until(async () => (await tried()).some(isTried), LIMIT);
  return id;
}

/** Messages lose their transport; the worker learns of it within seconds, and until then they take the old one. */
async function takeTransportAway(): Promise<void> {
  const url = `smtp://127.0.0.1:${await quietPort()}`;
  await post('/transports', { name: 'Relay', url, purpose: 'transactional' });
  await until(async () => {
    const { id } = await post('/messages', { to: 'eve@example.org', subject: 'Code', text: '123456' });
    const outcome = async () => (await get(`/messages/${id}`)).data;
    await until(async () => {
      const { state, waiting } = await outcome();
      return state === 'sent' || waiting?.reason === 'transport';
    }, LIMIT);
    here['stuck'] = id;
    return (await outcome()).state !== 'sent';
  }, LIMIT);
}

/** Something happens at 03:12. */
async function atNight(): Promise<void> {
  const today = new Date(`${now().toISOString().slice(0, 10)}T${NIGHT}:30Z`);
  const at = today < now() ? today : new Date(today.getTime() - 24 * 3_600_000);
  const event = {
    _id: 'at night',
    account: everpost.api.account,
    type: 'campaign.paused',
    campaign: Number(here['7']),
  };
  await everpost.api.deps.events.append([{ ...event, data: { reason: 'bounce_rate' } }], at);
  here['2026-05-15'] = at.toISOString().slice(0, 10);
}

/** The rows of the guide, by question, with what it is called here. */
const rows = new Map(
  [
    ...readFileSync(join(packageRoot(), 'docs/guides/questions.md'), 'utf8').matchAll(
      /^\| (.+\?) \| `everpost (.+?)` \| `GET (.+?)` \|/gm,
    ),
  ].map(([, question = '', command = '', path = '']) => [question, { command, path }]),
);

/** Replaces the examples of the guide, longest first: a number may be part of another example. */
function asHere(text: string): string {
  const known = Object.keys(here).sort((a, b) => b.length - a.length);
  return text.replaceAll(new RegExp(`(?<![\\w:-])(?:${known.join('|')})(?![\\d-])`, 'g'), (name) => here[name] ?? name);
}

async function printed(command: string): Promise<string> {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  vi.stubEnv('MONGODB_URL', inject('mongodbUrl'));
  vi.stubEnv('MONGODB_DATABASE', everpost.api.store.db.databaseName);
  try {
    const program = new Command();
    storyCommands(program);
    await program.parseAsync(asHere(command).split(' '), { from: 'user' });
    expect(exit.mock.calls).toEqual([[0]]);
    return lines.join('\n');
  } finally {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  }
}

const TIME = /20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC/.source;
const text = (parts: TemplateStringsArray) => new RegExp((parts.raw[0] ?? '').replaceAll('TIME', TIME));
const has = (fields: object) => expect.objectContaining(fields);

test.each<[question: string, told: RegExp, data: () => unknown]>([
  [
    'Why did Ana not get campaign 7?',
    text`Campaign \d+: Excluded at the freeze on TIME: suppressed since TIME \(bounce\), after "550 5.1.1 no such user"\.`,
    () => has({ why: has({ code: 'excluded', sentence: expect.stringContaining(UNKNOWN) }) }),
  ],
  [
    'Is anything stuck?',
    text`1 message \(transport\), \S+, since TIME: The transport Relay cannot be reached since .*; next try on TIME`,
    () => has({ waiting: expect.arrayContaining([has({ kind: 'message', reason: 'transport', id: here['stuck'] })]) }),
  ],
  [
    'What is uncertain?',
    text`Uncertain, may have arrived:\n  campaign \d+, ".+": 1 recipient since TIME`,
    () =>
      has({ uncertain: { messages: 0, campaigns: [has({ campaign_id: Number(here['uncertain']), recipients: 1 })] } }),
  ],
  [
    'When does the issue of newsletter 12 leave?',
    text`Issues, the latest first:\n  \d+:\S+: preparing, leaves on TIME; waiting since TIME \(source\): [\s\S]*Next issues:\n  leaves on TIME`,
    () => [has({ state: 'preparing', send_at: expect.any(String), waiting: has({ reason: 'source' }) })],
  ],
  [
    'Who was left out of campaign 7?',
    text`Left out at the freeze: 1 suppressed, 1 unsubscribed\.`,
    () => has({ excluded: { suppressed: 1, unsubscribed: 1, pending: 0, bounced: 0, complained: 0 } }),
  ],
  [
    'Which transport fails, and since when?',
    text`Transports:\n  \d+ \(Relay\): down since TIME; last try on TIME, at connect: .*ECONNREFUSED`,
    () => [has({ name: 'Relay', state: 'down', since: expect.any(String), last_error: has({ phase: 'connect' }) })],
  ],
  [
    "What did the bounce of Bob's mail do?",
    text`Suppressed since \S+ \S+ UTC \(bounce\), after .*: gets no mail\.\nOn list \d+, Newsletter: bounced[\s\S]*bounced on `,
    () =>
      has({
        suppression: has({ reason: 'bounce' }),
        lists: [has({ status: 'bounced' })],
        campaigns: [has({ campaign_id: Number(here['7']), bounced: has({ at: expect.any(String) }) })],
      }),
  ],
  [
    'Did the webhook arrive?',
    text`message\.sent, message \S+ .*\n {2}webhook \d+: waiting after \d+ attempts?, the last on TIME: status 503; next attempt on TIME`,
    () => expect.arrayContaining([has({ type: 'message.sent', deliveries: [has({ state: 'waiting', status: 503 })] })]),
  ],
  [
    'How fast is campaign 8 sent, and what limits it?',
    text`[\d.]+ a second, limited by rate: The campaign allows 4 mails a second\.`,
    () => has({ state: 'sending', speed: has({ limited_by: 'rate', per_second: expect.any(Number) }) }),
  ],
  [
    'What happened at 03:12?',
    text`^20\S+ 03:12:30 UTC {2}campaign\.paused, campaign \d+ {2}evt_\w+ \{"reason":"bounce_rate"\}$`,
    () => [has({ type: 'campaign.paused', campaign_id: Number(here['7']), data: { reason: 'bounce_rate' } })],
  ],
])('%s', async (question, told, data) => {
  const row = rows.get(question);
  if (row === undefined) throw new Error('the guide has no such question');
  expect(await printed(row.command)).toMatch(told);
  expect((await get(asHere(row.path))).data).toEqual(data());
});

test('the guide has ten questions', () => {
  expect(rows.size).toBe(10);
});
