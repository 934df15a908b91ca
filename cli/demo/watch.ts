import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../../clock.js';
import type { DemoApi } from './api.js';

type Totals = Awaited<ReturnType<DemoApi['campaign']>>['stats'];

const EVERY = 250;
const WIDTH = 30;
/** Slow enough for the API's rate limit on reads. */
const SLOWER = 1_100;

export async function watchImport(api: DemoApi, id: number): Promise<void> {
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
export async function watchCampaign(api: DemoApi, id: number): Promise<Totals> {
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
