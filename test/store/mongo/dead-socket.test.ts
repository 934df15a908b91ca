import type { MongoClient } from 'mongodb';
import type { Connection } from 'mongodb/lib/cmap/connection.js';
import { expect, test } from 'vitest';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

/** Private parts of the driver. */
interface Inside {
  readonly topology: {
    readonly s: { readonly servers: Map<string, { readonly pool: { checkedOut: Set<Connection> } }> };
  };
}

/** Destroys the socket of the next command before the driver notices, as a killed server does. */
function breakNext(client: MongoClient): void {
  client.once('connectionCheckedOut', ({ connectionId }) => {
    const { servers } = (client as unknown as Inside).topology.s;
    for (const { pool } of servers.values()) {
      for (const connection of pool.checkedOut) if (connection.id === connectionId) connection.socket.destroy();
    }
  });
}

test.each(['db', 'ledger'] as const)(
  'a command on a destroyed socket is repeated on another one (%s)',
  async (which) => {
    const rows = store[which].collection<{ _id: string }>('dead_socket');
    const client = store[which].client;
    await rows.findOne({});
    breakNext(client);
    await rows.insertOne({ _id: which });
    breakNext(client);
    expect(await rows.findOne({ _id: which })).toEqual({ _id: which });
  },
);
