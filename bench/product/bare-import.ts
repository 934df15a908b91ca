import { MongoClient } from 'mongodb';
import { monotonic } from '../../clock.js';
import { FIRST_ACCOUNT } from '../../store/accounts/accounts.js';
import { newRow, type Subscriber } from '../../store/subscribers/row.js';
import { peakMemory } from '../harness/processes.js';
import { person } from './people.js';

/** Writes the rows of an import with `bulkWrite` and nothing else. It runs as a child process; each order is a new list. */
export interface BareImportOrder {
  readonly url: string;
  readonly database: string;
  readonly rows: number;
}

export interface BareImportRun {
  readonly seconds: number;
  /** CPU milliseconds. */
  readonly cpu: number;
  /** MiB resident at most. */
  readonly memory: number;
}

const AT_ONCE = 1_000;
let lists = 0;

async function run({ url, database, rows }: BareImportOrder): Promise<BareImportRun> {
  lists += 1;
  const owner = { account: FIRST_ACCOUNT, list: lists, source: 'bench' };
  const client = await MongoClient.connect(url, { w: 'majority', journal: true });
  const people = client.db(database).collection<Subscriber>('subscribers');
  const [begun, before] = [monotonic(), process.cpuUsage()];
  for (let from = 0; from < rows; from += AT_ONCE) {
    const chunk = Array.from({ length: Math.min(AT_ONCE, rows - from) }, (_, i) => {
      return { insertOne: { document: newRow(owner, person(from + i), lists * rows + from + i) } };
    });
    await people.bulkWrite(chunk, { ordered: false });
  }
  const seconds = (monotonic() - begun) / 1_000;
  const { user, system } = process.cpuUsage(before);
  await client.close();
  return { seconds, cpu: (user + system) / 1_000, memory: peakMemory(process.pid) };
}

process.on('message', (order: BareImportOrder) => {
  void run(order).then((answer) => process.send?.(answer));
});
process.once('disconnect', () => process.exit(0));
