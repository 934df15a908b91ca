import { createWriteStream, openAsBlob } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { everpost } from '../client/everpost.js';
import { monotonic } from '../clock.js';
import { type Config, packageRoot } from '../config.js';
import { addressesOf, type Everpost, openEverpost } from './start.js';
import { untilStopSignal } from './stop-signal.js';

export interface DemoOptions {
  readonly recipients: number;
  /** Exit at the end instead of staying up. */
  readonly exit: boolean;
}

/** `everpost demo`: imports a sample CSV, sends a campaign and counts the mails in the inbox. Exit code 1 if one is missing. */
export async function demo(config: Config, log: Logger, { recipients, exit }: DemoOptions): Promise<number> {
  const everpost = await openEverpost(config, log);
  const stopped = untilStopSignal();
  try {
    const key = await everpost.issueKey('demo', DEMO_KEY);
    const { campaign, delivered } = await runDemo(everpost, key, recipients);
    console.log(`\nOpen:\n${addressesOf(everpost)}`);
    if (exit) return delivered ? 0 : 1;
    console.log(`\nYour API key, shown this once: ${key}`);
    console.log(['\nThree things to try:', ...thingsToTry(everpost.api, key, campaign)].join('\n\n'));
    console.log('\nEverpost stays up until Ctrl-C.');
    await Promise.race([stopped, everpost.ended]);
    return delivered ? 0 : 1;
  } finally {
    await everpost.stop();
  }
}

/** Reads of the progress, four a second, are more than the 60 a minute of Maily's routes. */
export const DEMO_KEY = { per_minute: 600 } as const;

/** Commands for a shell, each below its purpose. */
export function thingsToTry(api: string, key: string, campaign: number): string[] {
  const authorization = `-H 'Authorization: Bearer ${key}'`;
  const mail = { from: 'Demo <demo@example.org>', to: 'you@example.org', subject: 'Hello', text: 'It works.' };
  return [
    [
      'Send a message, and look for it in the inbox:',
      `curl ${api}/api/v1/messages ${authorization} -H 'Content-Type: application/json' -d '${JSON.stringify(mail)}'`,
    ],
    [
      'Ask whether a recipient got the campaign, and why:',
      `curl '${api}/api/v1/people/reader7%40example.test?campaign=${campaign}' ${authorization}`,
    ],
    [
      'Forward events to a program of yours, which need not run yet:',
      `EVERPOST_API_KEY=${key} node dist/cli.js listen http://127.0.0.1:4000/hooks --api ${api}`,
    ],
  ].map((lines) => lines.map((line) => `  ${line}`).join('\n'));
}

interface DemoResult {
  readonly campaign: number;
  /** Every recipient was sent to, and the inbox has all mails. */
  readonly delivered: boolean;
}

/** Imports, sends and counts through the API, as an integrator would. */
async function runDemo({ api: url, at }: Everpost, key: string, recipients: number): Promise<DemoResult> {
  const api = demoApi(url, key, at.inboxUrl);
  const folder = await mkdtemp(join(tmpdir(), 'everpost-demo-'));
  try {
    const csv = join(folder, 'subscribers.csv');
    await writeSampleCsv(csv, recipients);
    const list = await api.createList('Demo readers');
    await watchImport(api, await api.importCsv(list, csv));
    const html = await readFile(join(packageRoot(), 'content', 'demo', 'newsletter.html'), 'utf8');
    const before = await api.caughtMails();
    const campaign = await api.sendCampaign(list, html);
    const totals = await watchCampaign(api, campaign);
    const caught = await api.caughtMails();
    console.log(
      `\n${totals.sent} of ${totals.recipients} sent, ${totals.failed} failed, ${totals.uncertain} uncertain.`,
    );
    const allSent = totals.sent === recipients;
    if (caught === undefined || before === undefined) return { campaign, delivered: allSent };
    console.log(`The inbox received ${caught - before} mails for them.`);
    return { campaign, delivered: allSent && caught - before === recipients };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Totals = Awaited<ReturnType<DemoApi['campaign']>>['stats'];

const EVERY = 250;
const WIDTH = 30;
/** Where each reading is a line of its own. */
const SLOWER = 1_100;

async function watchImport(api: DemoApi, id: number): Promise<void> {
  for (;;) {
    const { state, rows, created } = await api.importOf(id);
    show(`Importing the CSV: ${rows} rows, ${created} new subscribers`);
    if (state === 'done') break;
    if (state === 'failed') throw new Error('The import failed');
    await delay(EVERY);
  }
  process.stdout.write('\n');
}

/** A live bar until the campaign is closed: sent, failed, uncertain, rate, time left. */
async function watchCampaign(api: DemoApi, id: number): Promise<Totals> {
  const begun = monotonic();
  for (;;) {
    const { state, recipient_count, stats } = await api.campaign(id);
    show(barOf(stats, recipient_count, (monotonic() - begun) / 1_000));
    if (state === 'sent' || state === 'failed') {
      process.stdout.write('\n');
      return stats;
    }
    await delay(process.stdout.isTTY ? EVERY : SLOWER);
  }
}

function barOf(stats: Totals, all: number, seconds: number): string {
  const { sent, failed, uncertain } = stats;
  const done = sent + failed + uncertain + stats.skipped;
  const share = all === 0 ? 0 : done / all;
  const bar = '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░');
  const rate = done / Math.max(seconds, 0.001);
  const left = rate === 0 || all === 0 ? '–' : `${Math.ceil((all - done) / rate)} s`;
  return `${bar} ${sent} sent · ${failed} failed · ${uncertain} uncertain · ${Math.round(rate)}/s · ${left} left`;
}

/** Replaces the line on a terminal; elsewhere prints a new one. */
function show(line: string): void {
  process.stdout.write(process.stdout.isTTY ? `\r\x1b[2K${line}` : `${line}\n`);
}

type DemoApi = ReturnType<typeof demoApi>;

/** The API calls of the demo, made with the published client. */
function demoApi(url: string, key: string, inboxUrl: string | undefined) {
  const client = everpost({ url, key });
  return {
    createList: async (name: string): Promise<number> =>
      (await client.post('/api/v1/lists', { body: { name } })).data.id,
    importCsv: async (list: number, csv: string): Promise<number> => {
      const file = await openAsBlob(csv, { type: 'text/csv' });
      return (await client.post('/api/v1/lists/{id}/imports', { path: { id: list }, file })).data.id;
    },
    importOf: async (id: number) => (await client.get('/api/v1/imports/{id}', { path: { id } })).data,
    sendCampaign: async (list_id: number, html: string): Promise<number> => {
      const subject = 'Hello {{ first_name }}, this is Everpost';
      return (await client.post('/api/v1/campaigns', { body: { list_id, subject, html, send: true } })).data.id;
    },
    campaign: async (id: number) => (await client.get('/api/v1/campaigns/{id}', { path: { id } })).data,
    /** Mails in the catcher; undefined if mail goes to another server. */
    caughtMails: async (): Promise<number | undefined> => {
      if (inboxUrl === undefined) return undefined;
      const response = await fetch(`${inboxUrl}/api/count`);
      return ((await response.json()) as { count: number }).count;
    },
  };
}

const FIRST = [
  'Ana',
  'Bruno',
  'Chiara',
  'Dário',
  'Élise',
  'Finn',
  'Gülay',
  'Hana',
  'Ivo',
  'João',
  'Kaya',
  'Lúcia',
  'Maël',
  '美咲',
  'Zoë',
];
const LAST = ['Almeida', 'Brandt', 'Costa', 'Dubois', 'Eriksson', 'Ferreira', 'García', "O'Neill", 'Müller', 'Rossi'];
const CITIES = ['Lisboa', 'São Paulo', 'Köln', 'Lyon', 'Oslo', 'Kyoto'];

/** Writes a CSV of sample subscribers at `example.test`, all different, in constant memory. */
async function writeSampleCsv(path: string, rows: number): Promise<void> {
  await pipeline(Readable.from(lines(rows)), createWriteStream(path));
}

function* lines(rows: number): Generator<string> {
  yield 'email,first_name,last_name,city\n';
  for (let i = 1; i <= rows; i++) {
    yield `reader${i}@example.test,${pick(FIRST, i)},${pick(LAST, i * 7)},${pick(CITIES, i * 3)}\n`;
  }
}

function pick(words: readonly string[], i: number): string {
  return words[i % words.length] ?? '';
}
