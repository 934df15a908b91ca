import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, packageRoot } from '../../config.js';
import { untilStopSignal } from '../roles.js';
import { addressesOf, type Everpost, openEverpost } from '../start.js';
import { demoApi } from './api.js';
import { writeSampleCsv } from './sample.js';
import { watchCampaign, watchImport } from './watch.js';

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
    const delivered = await runDemo(everpost, recipients);
    console.log(`\nOpen:\n${addressesOf(everpost)}`);
    if (exit) return delivered ? 0 : 1;
    console.log('\nEverpost stays up until Ctrl-C.');
    await Promise.race([stopped, everpost.ended]);
    return delivered ? 0 : 1;
  } finally {
    await everpost.stop();
  }
}

/** Imports, sends and counts through the API, as an integrator would. */
async function runDemo(everpost: Everpost, recipients: number): Promise<boolean> {
  const api = await demoApi(everpost);
  const folder = await mkdtemp(join(tmpdir(), 'everpost-demo-'));
  try {
    const csv = join(folder, 'subscribers.csv');
    await writeSampleCsv(csv, recipients);
    const list = await api.createList('Demo readers');
    await watchImport(api, await api.importCsv(list, csv));
    const html = await readFile(join(packageRoot(), 'content', 'demo', 'newsletter.html'), 'utf8');
    const before = await api.caughtMails();
    const totals = await watchCampaign(api, await api.sendCampaign(list, html));
    const caught = await api.caughtMails();
    console.log(
      `\n${totals.sent} of ${totals.recipients} sent, ${totals.failed} failed, ${totals.uncertain} uncertain.`,
    );
    if (caught !== undefined && before !== undefined) {
      console.log(`The inbox received ${caught - before} mails for them.`);
      return caught - before === recipients && totals.sent === recipients;
    }
    return totals.sent === recipients;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
