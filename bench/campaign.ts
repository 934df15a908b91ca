import type { Config } from '../config.js';
import { type CampaignRun, runCampaign } from './product/campaign-run.js';
import { listOf } from './product/people.js';
import { PROCESSES, type Product, startProduct } from './product/product.js';
import { type Sink, startSink } from './receiver/sink.js';
import type { Measured, ResultTable } from './report/result.js';
import { comparison, type Figures, interleaved, quantile } from './report/rounds.js';
import { type Sender, sendingProcess } from './sender/sender.js';

export interface BenchCampaignOptions {
  readonly config: Config;
  /** Sizes of the campaigns. */
  readonly recipients: readonly number[];
  /** Campaigns of each size. */
  readonly rounds: number;
  /** SMTP connections of each side. */
  readonly connections: number;
  /** Small campaigns that measure the time to the first mail. */
  readonly launches: number;
}

interface Setup {
  readonly product: Product;
  readonly sink: Sink;
  readonly pool: Sender;
  readonly connections: number;
}

const WARM_UP = 1_000;
const SMALL = 10;
/** Mails of the reference at most: its speed does not depend on their number. */
const REFERENCE_MAILS = 20_000;
const [WHOLE, SENDING, CPU] = ['send to sent, mails/s', 'send phase, mails/s', 'CPU ms per mail'] as const;

/** Whole campaigns on embedded servers against nodemailer's composing pool, which stores nothing. */
export async function benchCampaign(options: BenchCampaignOptions): Promise<Measured> {
  const { config, recipients, rounds, connections, launches } = options;
  const sink = await startSink(config.path);
  const pool = sendingProcess('nodemailer');
  const product = await startProduct({ config, smtpUrl: sink.url, connections }).catch(async (failure) => {
    await Promise.all([sink.stop(), pool.stop()]);
    throw failure;
  });
  const setup = { product, sink, pool, connections };
  try {
    await runCampaign(product, sink, await listOf(product, WARM_UP), WARM_UP);
    await pool.run({ url: sink.url, connections, mails: WARM_UP });
    const tables: ResultTable[] = [await firstMails(setup, launches)];
    for (const size of recipients) tables.push(...(await compared(setup, size, rounds)));
    return { conditions: { receiver: sink.name, connections, rounds }, tables };
  } finally {
    await product.stop();
    await Promise.all([sink.stop(), pool.stop()]);
  }
}

async function firstMails({ product, sink }: Setup, launches: number): Promise<ResultTable> {
  const list = await listOf(product, SMALL);
  const waits: number[] = [];
  for (let n = 0; n < launches; n += 1) waits.push((await runCampaign(product, sink, list, SMALL)).firstMail);
  return {
    title: 'From the request to the first mail',
    columns: ['p50 ms', 'p95 ms'],
    rows: [
      { name: `${launches} launches to ${SMALL} recipients`, values: [quantile(waits, 0.5), quantile(waits, 0.95)] },
    ],
  };
}

async function compared({ product, sink, pool, connections }: Setup, size: number, rounds: number) {
  const list = await listOf(product, size);
  const mails = Math.min(size, REFERENCE_MAILS);
  const runs = await interleaved(
    {
      Everpost: async () => figuresOf(await runCampaign(product, sink, list, size), size),
      nodemailer: async () => {
        const { seconds, cpu } = await pool.run({ url: sink.url, connections, mails });
        return { [WHOLE]: mails / seconds, [SENDING]: mails / seconds, [CPU]: cpu / mails };
      },
    },
    rounds,
    false,
  );
  const [title, everpost] = [`${size.toLocaleString('en-US')} recipients`, { Everpost: runs['Everpost'] ?? [] }];
  return [
    comparison(title, runs, [['Everpost', 'nodemailer']], [WHOLE, SENDING, CPU]),
    comparison(`${title}, CPU ms per mail`, everpost, [], [...PROCESSES, 'together']),
    comparison(`${title}, seconds`, everpost, [], ['to the frozen audience', 'to the first mail', 'to sent']),
  ];
}

/** The CPU time that is compared is that of the API and the worker; a further table has the servers. */
function figuresOf({ total, sendRate, firstMail, frozen, cpu }: CampaignRun, size: number): Figures {
  const [api, worker, mongod, temporal] = PROCESSES.map((name) => cpu[name] / size) as [number, number, number, number];
  return {
    [WHOLE]: (size * 1_000) / total,
    [SENDING]: sendRate,
    [CPU]: api + worker,
    ...{ api, worker, mongod, temporal, together: api + worker + mongod + temporal },
    'to the frozen audience': frozen / 1_000,
    'to the first mail': firstMail / 1_000,
    'to sent': total / 1_000,
  };
}
