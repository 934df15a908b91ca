import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { openLog } from '../../api/log.js';
import { type Everpost, openEverpost } from '../../cli/start.js';
import { readConfig } from '../../config.js';
import { freePort } from '../../servers/ports.js';

/** A page of the Temporal UI, and a text that it shows once it is complete. */
export interface TemporalPage {
  readonly name: string;
  readonly url: string;
  readonly shows: string;
}

const EVERY_MS = 250;
const LIMIT_MS = 120_000;

/**
 * Pages of the Temporal UI for a campaign, a burst of messages, a newsletter and a stuck transport, of an installation of
 * their own. `picture` is called for each page while its workflow is in the state to show.
 */
export async function temporalPages(picture: (page: TemporalPage) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'everpost-temporal-'));
  const sender = { MAIL_FROM: 'The Tea Harbour <news@harbour.example>' };
  const config = readConfig({
    ...{ PATH: process.env['PATH'], HOME: process.env['HOME'], DATA_DIR: folder, LOG_LEVEL: 'silent', PORT: '0' },
    ...{ RATE_LIMIT_PER_MINUTE: '0', ...sender },
  });
  const everpost = await openEverpost(config, openLog(config));
  const connection = await Connection.connect({ address: everpost.at.temporalAddress });
  const { temporalNamespace: namespace } = config;
  const client = new Client({ connection, namespace });
  const ui = `${everpost.at.temporalUi}/namespaces/${namespace}/workflows`;
  try {
    const { call, get } = await apiOf(everpost);
    const pageOf = async (name: string, workflow: string, tab: string, shows: string): Promise<TemporalPage> => {
      const { runId } = await client.workflow.getHandle(workflow).describe();
      return { name, url: `${ui}/${encodeURIComponent(workflow)}/${runId}/${tab}`, shows };
    };
    const list = await readers(call, 'Letters from the harbour', 400);
    const campaign = await sendingCampaign(call, get, list);
    await picture(await pageOf('campaign', `campaign/${campaign}`, 'user-metadata', 'recipients'));
    await picture(await pageOf('campaign-timeline', `campaign/${campaign}`, 'timeline', 'lane'));
    const issue = await waitingIssue(call, get, list);
    await picture(await pageOf('newsletter', issue, 'timeline', 'opens the issue'));
    await burst(call);
    const messages = {
      name: 'messages',
      url: listOf(ui, 'EverpostKind IN ("message","messages")'),
      shows: 'messages/',
    };
    await picture(messages);
    await picture(await pageOf('messages-group', await groupOf(client), 'user-metadata', 'messages ='));
    const stuck = await stuckMessage(call, get);
    await picture(await pageOf('stuck', `message/${stuck}`, 'user-metadata', 'transport_unavailable'));
    const query = 'ExecutionStatus="Running" AND EverpostPhase != "paused" AND EverpostReason IS NOT NULL';
    await picture({ name: 'stuck-list', url: listOf(ui, query), shows: stuck.slice(0, 8) });
  } finally {
    await connection.close();
    await everpost.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function listOf(ui: string, query: string): string {
  return `${ui}?query=${encodeURIComponent(query)}`;
}

type Call = (path: string, body: object) => Promise<Answer>;
type Get = (path: string) => Promise<Answer>;

/** The fields of the API's answers that are read here. */
interface Answer {
  readonly id: string;
  readonly state: string;
  readonly emails_sent: number;
  readonly waiting: { readonly reason: string } | null;
}

async function apiOf({ api, issueKey }: Everpost): Promise<{ call: Call; get: Get }> {
  const key = await issueKey('screenshots', {});
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`${api}/api/v1${path}`, { headers, ...init });
    if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${await response.text()}`);
    return ((await response.json()) as { data: Answer }).data;
  };
  return {
    call: (path, body) => answer(path, { method: 'POST', body: JSON.stringify(body) }),
    get: (path) => answer(path, {}),
  };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('the state to show did not come');
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

async function readers(call: Call, name: string, count: number): Promise<number> {
  const { id } = await call('/lists', { name });
  const subscribers = Array.from({ length: count }, (_, n) => ({ email: `reader${n}@example.com` }));
  await call('/subscribers/batch', { list_id: Number(id), subscribers });
  return Number(id);
}

/** Some mails are sent, and most are to come. */
async function sendingCampaign(call: Call, get: Get, list_id: number): Promise<string> {
  const letter = { subject: 'This week at the harbour', html: '<p>New leaves in the shop.</p>' };
  const { id } = await call('/campaigns', { list_id, ...letter, settings: { rate_per_second: 1 }, send: true });
  await until(async () => (await get(`/campaigns/${id}`)).emails_sent > 8);
  return id;
}

/** The workflow of an issue whose data has not been pushed yet. */
async function waitingIssue(call: Call, get: Get, list_id: number): Promise<string> {
  const source = { kind: 'data' };
  const schedule = { cron: '0 9 * * 5', zone: 'Europe/Lisbon', lead_minutes: 15 };
  const fields = { name: 'Weekly letter', list_id, source, schedule };
  const { id } = await call('/newsletters', { ...fields, subject: 'The week', html: '<p>{{ data.word }}</p>' });
  const issue = await call(`/newsletters/${id}/trigger`, {});
  await until(async () => issueState(await get(`/newsletters/${id}/issues`)) === 'preparing');
  return `newsletter/${id}/issue-${issue.id.slice(issue.id.indexOf(':') + 1)}`;
}

function issueState(answer: unknown): string | undefined {
  return (answer as readonly Answer[])[0]?.state;
}

async function burst(call: Call): Promise<void> {
  const mails = Array.from({ length: 60 }, (_, n) => ({
    ...{ to: `ada${n}@example.com`, subject: 'Your code', text: `${100_000 + n}`, tags: ['sign-in'] },
  }));
  await Promise.all(mails.map((mail) => call('/messages', mail)));
}

/** The workflow of one of the groups in which they are sent. */
async function groupOf({ workflow }: Client): Promise<string> {
  let found: string | undefined;
  await until(async () => {
    for await (const { workflowId } of workflow.list({ query: 'EverpostKind="messages"' })) found ??= workflowId;
    return found !== undefined;
  });
  return found ?? '';
}

/** Messages lose their transport; the worker learns of it within seconds. */
async function stuckMessage(call: Call, get: Get): Promise<string> {
  const url = `smtp://127.0.0.1:${await freePort(0)}`;
  await call('/transports', { name: 'Relay', url, purpose: 'transactional' });
  for (;;) {
    const mail = { to: 'grace@example.com', subject: 'Your receipt', text: 'Paid.', tags: ['receipt'] };
    const { id } = await call('/messages', mail);
    let last = await get(`/messages/${id}`);
    await until(async () => {
      last = await get(`/messages/${id}`);
      return last.state === 'sent' || last.waiting?.reason === 'transport';
    });
    if (last.state !== 'sent') return id;
  }
}
