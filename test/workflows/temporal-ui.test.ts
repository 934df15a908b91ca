import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../config.js';
import { campaignWorkflowId } from '../../workflows/names.js';
import { aList, aSubscriber } from '../support/api/api.js';
import { aCampaign } from '../support/api/campaigns.js';
import { type DraftEverpost, draftEverpost } from '../support/everpost/draft-everpost.js';
import type { SmtpScript } from '../support/scripted/smtp-script.js';
import { quietPort } from '../support/servers/quiet-port.js';
import { until } from '../support/until.js';

const LIMIT = 60_000;
const DOUBT = 'doubt@example.org';
const FORGED = 'News <forged@example.org>';
let everpost: DraftEverpost;
let isDoubtful = false;
/** The workflows of this file by name. */
const ids: Record<string, string> = {};

const handleOf = (name: string): WorkflowHandle => everpost.client.workflow.getHandle(ids[name] ?? name);
const bodyOf = async (route: string, payload: object = {}) => (await everpost.api.call(route, { payload })).json();

async function aSentMessage(name: string, to: string, tags: string[]): Promise<void> {
  const { data } = await bodyOf('POST /api/v1/messages', { to, subject: 'Your code is 123456', text: '1', tags });
  ids[name] = `message/${data.id}`;
  await until(
    async () =>
      (await handleOf(name)
        .describe()
        .catch(() => undefined)) !== undefined,
    LIMIT,
  );
}

async function aLaunchedCampaign(name: string, readers: readonly string[], fields: object = {}): Promise<number> {
  const list = await aList(everpost.api);
  for (const email of readers) await aSubscriber(everpost.api, list, { email });
  const id = await aCampaign(everpost.api, list, { name, send: true, ...fields });
  ids[name] = campaignWorkflowId(id);
  return id;
}

async function untilPhase(name: string, phase: string, reason: string | null): Promise<void> {
  const shown = async () => {
    const { EverpostPhase: its, EverpostReason: why = null } = await attributesOf(name);
    return { phase: its, reason: why };
  };
  const wanted = { phase, reason };
  await until(async () => JSON.stringify(await shown()) === JSON.stringify(wanted), LIMIT).catch(() => undefined);
  expect(await shown(), name).toEqual(wanted);
}

async function attributesOf(name: string): Promise<Record<string, unknown>> {
  const described = await handleOf(name)
    .describe()
    .catch(() => undefined);
  const pairs = described?.typedSearchAttributes.getAll() ?? [];
  return Object.fromEntries(pairs.map(({ key, value }) => [key.name, value]));
}

/** Stands still from here on: each workflow waits, or has ended. */
beforeAll(async () => {
  const script: SmtpScript = {
    on: (step, argument) => {
      if (step === 'mail' && argument.includes('forged')) return '550 5.7.26 Unauthenticated mail (DMARC)';
      if (step === 'rcpt') isDoubtful = argument.includes('doubt@');
      return step === 'dot' && isDoubtful ? 'drop' : undefined;
    },
    onRcpt: (address) => (address.includes('later') ? '451 4.7.1 try again in 50 minutes' : undefined),
  };
  everpost = await draftEverpost(script, { environment: { ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } });
  await everpost.startWorker();
  const { data: webhook } = await bodyOf('POST /api/v1/webhooks', { url: `http://127.0.0.1:${await quietPort()}/` });
  ids['failing webhook'] = `webhook/${webhook.id}`;
  const many = Array.from({ length: 40 }, (_, i) => `reader${i}@example.org`);
  // One after the other: the receiver tells doubtful mails by the last recipient that it has heard of.
  await aSentMessage('uncertain message', DOUBT, []);
  await untilPhase('uncertain message', 'uncertain', 'uncertain_left');
  await aLaunchedCampaign('uncertain campaign', [DOUBT]);
  await untilPhase('uncertain campaign', 'failed', 'uncertain_left');
  await aSentMessage('sent message', 'ada@example.org', ['sign-in']);
  await aSentMessage('deferred message', 'later@example.org', ['order <b>1</b>']);
  await aLaunchedCampaign('sent campaign', ['ada@example.org'], { subject: 'For ada@example.org: *tea*' });
  await aLaunchedCampaign('refused campaign', many, { from: FORGED });
  await aLaunchedCampaign('scheduled campaign', ['ada@example.org'], { scheduled_at: '2030-01-01T09:00:00Z' });
  const paused = await aLaunchedCampaign('paused campaign', many, { settings: { rate_per_second: 1 } });
  await untilPhase('paused campaign', 'sending', null);
  await bodyOf(`POST /api/v1/campaigns/${paused}/pause`);
  await Promise.all([
    untilPhase('deferred message', 'deferred', null),
    untilPhase('sent campaign', 'sent', null),
    untilPhase('refused campaign', 'paused', 'auth_failure'),
    untilPhase('scheduled campaign', 'scheduled', null),
    untilPhase('paused campaign', 'paused', null),
  ]);
  await takeTheTransportAway();
}, 180_000);
afterAll(() => everpost?.close());

async function takeTheTransportAway(): Promise<void> {
  const url = `smtp://127.0.0.1:${await quietPort()}`;
  const fields = { name: 'gone', url, purpose: 'all' };
  const response = await everpost.api.call('POST /api/v1/transports', { payload: fields });
  expect(response.statusCode, response.body).toBe(201);
  // The worker learns of the transport within seconds: until then messages take the old one.
  await until(async () => {
    await aSentMessage('stuck message', 'grace@example.org', []);
    const ended = () =>
      handleOf('stuck message')
        .result()
        .then(() => true);
    const stuck = () => untilPhase('stuck message', 'accepted', 'transport_unavailable').then(() => false);
    return !(await Promise.race([ended(), stuck()]));
  }, LIMIT);
  await aLaunchedCampaign('stuck campaign', ['ada@example.org', 'grace@example.org']);
  await untilPhase('stuck campaign', 'sending', 'transport_unavailable');
}

/** Question and query, as the guide has them. */
const saved = new Map(
  [...readFileSync(join(packageRoot(), 'docs/guides/operating.md'), 'utf8').matchAll(/^\| (.+\?) \| `(.+)` \|$/gm)].map(
    ([, question = '', query = '']) => [question, query],
  ),
);

test.each<[question: string, names: readonly string[]]>([
  ['What is stuck?', ['stuck campaign', 'stuck message']],
  ['What is paused with a reason?', ['refused campaign']],
  ['What is paused by an operator?', ['paused campaign']],
  ['Which messages are open?', ['deferred message', 'stuck message']],
  ['Which messages wait for another attempt?', ['deferred message']],
  ['What is uncertain?', ['uncertain campaign', 'uncertain message']],
  ['What waits for approval or its time?', ['scheduled campaign']],
  ['What belongs to campaign 7?', ['scheduled campaign']],
])('the saved query finds: %s', async (question, names) => {
  const campaign = ids['scheduled campaign']?.replace('campaign/', '') ?? '';
  const query = saved.get(question)?.replace('"7"', `"${campaign}"`);
  if (query === undefined) throw new Error('the guide has no such query');
  const wanted = names.map((name) => ids[name]).sort();
  const found = async () => {
    const all: string[] = [];
    for await (const { workflowId } of everpost.client.workflow.list({ query })) all.push(workflowId);
    return all.sort();
  };
  // Visibility follows the workflows with a delay.
  await until(async () => JSON.stringify(await found()) === JSON.stringify(wanted), LIMIT).catch(() => undefined);
  expect(await found()).toEqual(wanted);
});

test('the guide has no query without a test', () => {
  expect(saved.size).toBe(8);
});

type Described = { readonly name?: string | null; readonly description?: string | null };

async function metadataOf(name: string) {
  const found = await handleOf(name).query<{
    currentDetails?: string;
    definition?: Record<'signalDefinitions' | 'updateDefinitions' | 'queryDefinitions', Described[]>;
  }>('__temporal_workflow_metadata');
  return { details: found.currentDetails ?? '', definition: found.definition };
}

test.each([
  ['sent campaign', 'Campaign N: For …: \\*tea\\*'],
  ['sent message', 'Message: sign-in'],
  ['deferred message', 'Message: order \\<b>1\\</b>'],
  ['uncertain message', 'Message of account N'],
])('the summary of a %s has its name, and no address or Markdown', async (name, summary) => {
  expect((await (await handleOf(name).describe()).staticSummary())?.replace(/\d+/, 'N').replace('<b>N', '<b>1')).toBe(
    summary,
  );
});

test.each([
  [
    'sent campaign',
    ['### sent, round 0', '**1 recipients** = 1 sent + 0 failed + 0 skipped + 0 uncertain + 0 pending'],
  ],
  [
    'uncertain campaign',
    ['### failed', 'Reason: `uncertain_left`', '0 sent + 0 failed + 0 skipped + 1 uncertain + 0 pending'],
  ],
  [
    'refused campaign',
    ['### paused', 'Reason: `auth_failure`', '0 sent', '40 pending', 'remove the reason, then update `resume`'],
  ],
  [
    'stuck campaign',
    ['### sending', 'Reason: `transport_unavailable`', '**2 recipients** = 0 sent', '2 pending', 'no limit of its own'],
  ],
  ['scheduled campaign', ['### scheduled', 'Next: sends at 1 Jan 2030 09:00 UTC.']],
  ['paused campaign', ['### paused', '**40 recipients** = ', 'Rate: at most 1 a second']],
  ['stuck message', ['Next: transport_unavailable: tries again at ']],
  ['deferred message', ['Next: attempt 2 at ']],
  ['uncertain message', ['**uncertain**']],
  ['failing webhook', ['**failing** since ', ' attempts in a row; the last attempt: error connection. ']],
] as const)('the details of a %s', async (name, parts) => {
  const has = async () => {
    const { details } = await metadataOf(name);
    return parts.every((part) => details.includes(part));
  };
  await until(has, LIMIT).catch(() => undefined);
  const { details } = await metadataOf(name);
  for (const part of parts) expect(details).toContain(part);
  const [, recipients, terms] = /\*\*(\d+) recipients\*\* = (.*)/.exec(details) ?? [];
  const sum = [...(terms ?? '').matchAll(/\d+/g)].reduce((total, [n]) => total + Number(n), 0);
  expect(sum).toBe(Number(recipients ?? 0));
});

test('every timer, activity and child has a summary, without addresses and short', async () => {
  let seen = 0;
  for await (const { workflowId, runId } of everpost.client.workflow.list()) {
    const { events = [] } = await everpost.client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const event of events ?? []) {
      const isShown =
        event.workflowExecutionStartedEventAttributes ??
        event.timerStartedEventAttributes ??
        event.activityTaskScheduledEventAttributes ??
        event.startChildWorkflowExecutionInitiatedEventAttributes ??
        (event.markerRecordedEventAttributes?.markerName === 'core_local_activity' ? event : undefined);
      if (isShown == null) continue;
      const summary = Buffer.from(event.userMetadata?.summary?.data ?? '').toString();
      expect(summary, `event ${event.eventId} of ${workflowId}`).toMatch(/^"[^@\p{Cc}]{5,}"$/u);
      expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(200);
      seen += 1;
    }
  }
  expect(seen).toBeGreaterThan(40);
});

test.each(['stuck campaign', 'stuck message'])('a %s says what it answers and accepts', async (name) => {
  const { definition } = await metadataOf(name);
  const all = [
    ...(definition?.signalDefinitions ?? []),
    ...(definition?.updateDefinitions ?? []),
    ...(definition?.queryDefinitions ?? []),
  ].filter((one) => !one.name?.startsWith('__'));
  expect(all.length).toBeGreaterThan(0);
  expect(all.filter(({ description }) => !description)).toEqual([]);
});

test('send_now on a paused campaign says how it goes on', async () => {
  const refused = handleOf('paused campaign').executeUpdate('send_now', { args: [{}] });
  const says = await refused.catch((error: { cause?: unknown }) => String(error.cause));
  expect(says).toContain('already_sending: The campaign is paused. To send the rest, resume it');
});
