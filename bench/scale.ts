import type { Config } from '../config.js';
import { machineTime } from './harness/machine-time.js';
import { runCampaign } from './product/campaign-run.js';
import { ledgerBytes, temporalEvents, writesSoFar } from './product/engine-work.js';
import { listOf } from './product/people.js';
import { PROCESSES, type Product, startProduct } from './product/product.js';
import { type Sink, startSink } from './receiver/sink.js';
import type { Measured, ResultTable } from './report/result.js';
import type { Figures } from './report/rounds.js';
import { sendingProcess } from './sender/sender.js';

export interface BenchScaleOptions {
  readonly config: Config;
  /** Sizes of the campaigns. */
  readonly recipients: readonly number[];
  /** SMTP connections of each side. */
  readonly connections: number;
}

const WARM_UP = 1_000;
const REFERENCE_MAILS = 10_000;

const COLUMNS = {
  Duration: ['to the first mail, s', 'to the frozen audience, s', 'to sent, s', 'mails/s', '÷ nodemailer'],
  'Most memory, MiB': PROCESSES,
  'For each recipient': ['Temporal events', 'MongoDB write commands', 'documents written', 'bytes of the ledger'],
} as const;

/** One campaign for each size, each in a new installation: what grows with the number of recipients. */
export async function benchScale({ config, recipients, connections }: BenchScaleOptions): Promise<Measured> {
  const sink = await startSink(config.path);
  const pool = sendingProcess('nodemailer');
  try {
    const runs: (readonly [string, Figures])[] = [];
    for (const size of recipients) {
      const { seconds } = await pool.run({ url: sink.url, connections, mails: REFERENCE_MAILS });
      const product = await startProduct({ config, smtpUrl: sink.url, connections });
      const figures = await measured(config, product, sink, size).finally(product.stop);
      const reference = REFERENCE_MAILS / seconds;
      const compared = { ...figures, '÷ nodemailer': (figures['mails/s'] ?? Number.NaN) / reference };
      runs.push([`${size.toLocaleString('en-US')} recipients`, compared]);
      console.error(size, JSON.stringify(compared));
    }
    return { conditions: { receiver: sink.name, connections }, tables: tablesOf(runs) };
  } finally {
    await Promise.all([sink.stop(), pool.stop()]);
  }
}

async function measured(config: Config, product: Product, sink: Sink, size: number): Promise<Figures> {
  const { store, temporalAddress } = product;
  await runCampaign(product, sink, await listOf(product, WARM_UP), WARM_UP);
  const begun = machineTime();
  const list = await listOf(product, size);
  console.error(`${size} subscribers written in ${((machineTime() - begun) / 1_000).toFixed(1)} s`);
  product.resetMemory();
  const [writes, bytes] = [await writesSoFar(store), await ledgerBytes(store)];
  const { campaign, firstMail, frozen, total } = await runCampaign(product, sink, list, size);
  const [memory, after] = [product.memory(), await writesSoFar(store)];
  const events = await temporalEvents(temporalAddress, config.temporalNamespace, campaign);
  return {
    'to the first mail, s': firstMail / 1_000,
    'to the frozen audience, s': frozen / 1_000,
    'to sent, s': total / 1_000,
    'mails/s': (size * 1_000) / total,
    ...memory,
    'Temporal events': events / size,
    'MongoDB write commands': (after.operations - writes.operations) / size,
    'documents written': (after.documents - writes.documents) / size,
    'bytes of the ledger': ((await ledgerBytes(store)) - bytes) / size,
  };
}

function tablesOf(runs: readonly (readonly [string, Figures])[]): readonly ResultTable[] {
  return Object.entries(COLUMNS).map(([title, columns]) => ({
    title,
    columns,
    rows: runs.map(([name, figures]) => ({ name, values: columns.map((column) => figures[column] ?? null) })),
  }));
}
