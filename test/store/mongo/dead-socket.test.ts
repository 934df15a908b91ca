import { expect, test } from 'vitest';
import { breakSockets } from '../../support/store/broken-sockets.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

test.each(['db', 'ledger'] as const)(
  'a command on a destroyed socket is repeated on another one (%s)',
  async (which) => {
    const rows = store[which].collection<{ _id: string }>('dead_socket');
    const client = store[which].client;
    await rows.findOne({});
    breakSockets(client, 1);
    await rows.insertOne({ _id: which });
    breakSockets(client, 1);
    expect(await rows.findOne({ _id: which })).toEqual({ _id: which });
  },
);
