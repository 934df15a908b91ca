import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../config.js';
import type { Import } from '../store/imports/row.js';
import { openStore } from '../store/mongo/connect.js';
import { benchChild } from './harness/child.js';
import { machineTime } from './harness/machine-time.js';
import type { BareImportOrder, BareImportRun } from './product/bare-import.js';
import { person } from './product/people.js';
import { type Product, startProduct } from './product/product.js';
import type { Measured } from './report/result.js';
import { comparison, type Figures, interleaved } from './report/rounds.js';

export interface BenchImportOptions {
  readonly config: Config;
  /** Rows of the file. */
  readonly rows: number;
  readonly rounds: number;
}

const BARE_DATABASE = 'bare';
const MAPPING = {
  email: 'email',
  first_name: 'first_name',
  last_name: 'last_name',
  city: 'attributes.city',
  plan: 'attributes.plan',
};

/** A CSV file through the API against `bulkWrite` of the same rows into a database with the same indexes. */
export async function benchImport({ config, rows, rounds }: BenchImportOptions): Promise<Measured> {
  const product = await startProduct({ config, smtpUrl: 'smtp://127.0.0.1:9', connections: 1 });
  const url = product.mongodbUrl;
  const bare = benchChild(import.meta.url, 'product/bare-import');
  try {
    // Opening a store creates its indexes.
    await (await openStore({ url, database: BARE_DATABASE })).close();
    const file = csvOf(rows);
    const sides = {
      Everpost: () => imported(product, file, rows),
      bulkWrite: async () => {
        const order: BareImportOrder = { url, database: BARE_DATABASE, rows };
        return figuresOf(await bare.ask<BareImportRun>(order), rows);
      },
    };
    const runs = await interleaved(sides, rounds);
    return {
      conditions: { 'rows of the file': rows, 'bytes of the file': file.length },
      tables: [comparison('Import', runs, [['Everpost', 'bulkWrite']])],
    };
  } finally {
    await bare.stop();
    await product.stop();
  }
}

function csvOf(rows: number): Buffer {
  const lines = Array.from({ length: rows }, (_, n) => {
    const { email, first_name, last_name, attributes } = person(n);
    return [email, first_name, last_name, attributes?.['city'], attributes?.['plan']].join(',');
  });
  return Buffer.from(`${Object.keys(MAPPING).join(',')}\n${lines.join('\n')}\n`);
}

/** From the request until the import is done; the memory is that of the worker, the CPU time that of API and worker. */
async function imported(product: Product, file: Buffer, rows: number): Promise<Figures> {
  const { call, api, store } = product;
  const { id: list } = await call<{ id: number }>('POST', '/lists', { name: 'Import' });
  product.resetMemory();
  const [begun, before] = [machineTime(), product.cpu()];
  const query = new URLSearchParams({ mapping: JSON.stringify(MAPPING) });
  const response = await fetch(`${api.address}/api/v1/lists/${list}/imports?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.key}`, 'content-type': 'text/csv' },
    body: new Uint8Array(file),
  });
  if (response.status !== 202) throw new Error(`the import was refused: ${await response.text()}`);
  const { data } = (await response.json()) as { data: { id: number } };
  const imports = store.db.collection<Import>('imports');
  let row = await imports.findOne({ _id: data.id });
  while (row?.state !== 'done') {
    if (row?.state === 'failed') throw new Error(`the import failed: ${row.reason}`);
    await pause(20);
    row = await imports.findOne({ _id: data.id });
  }
  if (row.counts.created !== rows) throw new Error(`the import created ${row.counts.created} of ${rows}`);
  const after = product.cpu();
  const cpu = after.api + after.worker - before.api - before.worker;
  return figuresOf({ seconds: (machineTime() - begun) / 1_000, cpu, memory: product.memory().worker }, rows);
}

function figuresOf({ seconds, cpu, memory }: BareImportRun, rows: number): Figures {
  return { 'rows/s': rows / seconds, 'CPU ms per 1,000 rows': (cpu * 1_000) / rows, 'most memory, MiB': memory };
}
