declare module 'mongodb/lib/cmap/connection.js' {
  import type { Socket } from 'node:net';

  /** As much of the driver's connection as we mend. */
  export class Connection {
    readonly id: number | string;
    readonly socket: Socket;
    readonly closed: boolean;
    cleanup(error: Error): void;
  }
}
