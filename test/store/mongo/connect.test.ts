import { expect, test } from 'vitest';
import { openStore } from '../../../store/mongo/connect.js';
import { inTransaction } from '../../../store/mongo/transaction.js';
import { testDatabase } from '../../support/servers/test-servers.js';

test.for(['readPreference=secondary', 'readPreference=secondary&maxStalenessSeconds=120&readPreferenceTags=dc:north'])(
  'a URL with %s changes nothing: the primary is read',
  async (option) => {
    const { url, name, drop } = await testDatabase();
    const store = await openStore({ url: `${url}${url.includes('?') ? '&' : '?'}${option}`, database: name });
    try {
      const rows = store.db.collection<{ _id: number }>('subscribers');
      await inTransaction(store, async (session) => {
        await rows.insertOne({ _id: 1 }, { session });
        expect(await rows.findOne({}, { session })).toEqual({ _id: 1 });
      });
      expect(await rows.findOne({})).toEqual({ _id: 1 });
      expect(await store.ledger.collection('subscribers').countDocuments()).toBe(1);
    } finally {
      await store.close();
      await drop();
    }
  },
);
