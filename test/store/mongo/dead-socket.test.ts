import type { MongoClient } from 'mongodb';
import type { Connection } from 'mongodb/lib/cmap/connection.js';
import { expect, test } from 'vitest';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

/** What the driver keeps to itself. */
interface Inside {
  readonly topology: {
    readonly s: { readonly servers: Map<string, { readonly pool: { checkedOut: Set<Connection> } }> };
  };
}

/** The next command finds its socket destroyed, as after a server's death, before the driver has heard of it. */
function breakNext(client: MongoClient): void {
  client.once('connectionCheckedOut', ({ connectionId }) => {
    const { servers } = (client as unknown as Inside).topology.s;
    for (const { pool } of servers.values()) {
      for (const connection of pool.checkedOut) if (connection.id === connectionId) connection.socket.destroy();
    }
  });
}

test.each(['db', 'ledger'] as const)(
  'a command on a socket that is dead already is made again on another one (%s)',
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
