import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import type { Store } from '../../store/mongo/connect.js';
import { CAMPAIGN } from '../../workflows/names.js';

/** Events in the histories of all workflows of a campaign, once all of them have ended. */
export async function temporalEvents(address: string, namespace: string, campaign: number): Promise<number> {
  const connection = await Connection.connect({ address });
  const { workflow } = new Client({ connection, namespace });
  try {
    for (;;) {
      const lengths: number[] = [];
      let running = 0;
      for await (const run of workflow.list({ query: `${CAMPAIGN.name} = '${campaign}'` })) {
        if (run.status.name === 'RUNNING') running += 1;
        lengths.push(run.historyLength ?? 0);
      }
      if (lengths.length > 0 && running === 0) return lengths.reduce((sum, length) => sum + length, 0);
      await pause(250);
    }
  } finally {
    await connection.close();
  }
}

export interface Writes {
  /** Commands that write, `findAndModify` included. */
  readonly operations: number;
  /** Documents inserted, updated or deleted. */
  readonly documents: number;
}

/** What MongoDB has written since it started. */
export async function writesSoFar({ db }: Store): Promise<Writes> {
  const { opLatencies, metrics } = await db.admin().command({ serverStatus: 1 });
  const { inserted, updated, deleted } = metrics.document;
  return {
    operations: Number(opLatencies.writes.ops),
    documents: Number(inserted) + Number(updated) + Number(deleted),
  };
}

/** Bytes of the ledger's documents, uncompressed. */
export async function ledgerBytes({ db }: Store): Promise<number> {
  const [stats] = await db
    .collection<LedgerPage>('ledger')
    .aggregate<{ storageStats: { size: number } }>([{ $collStats: { storageStats: {} } }])
    .toArray();
  return stats?.storageStats.size ?? Number.NaN;
}
