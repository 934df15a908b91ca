import type { MongoClient } from 'mongodb';
import type { Connection } from 'mongodb/lib/cmap/connection.js';

/** Private parts of the driver. */
interface Inside {
  readonly topology: {
    readonly s: { readonly servers: Map<string, { readonly pool: { checkedOut: Set<Connection> } }> };
  };
}

/** Destroys the sockets of the next `commands` commands before the driver notices, as a killed server does. */
export function breakSockets(client: MongoClient, commands: number): void {
  let left = commands;
  const onCheckedOut = ({ connectionId }: { readonly connectionId: number | string }) => {
    left -= 1;
    if (left === 0) client.off('connectionCheckedOut', onCheckedOut);
    const { servers } = (client as unknown as Inside).topology.s;
    for (const { pool } of servers.values()) {
      for (const connection of pool.checkedOut) if (connection.id === connectionId) connection.socket.destroy();
    }
  };
  client.on('connectionCheckedOut', onCheckedOut);
}
