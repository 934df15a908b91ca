import type { Socket } from 'node:net';
import { Readable } from 'node:stream';

/** How the body is watched while it leaves. */
export interface BodyWatch {
  /** Right after 354, before the first byte; false: not one byte leaves. */
  mayStart(): boolean;
  /** Each time bytes are taken. */
  moved(): void;
  /** All bytes are with the kernel; false: the dot does not leave. */
  mayEnd(): boolean;
  readonly socket: () => Socket | undefined;
}

const SLICE = 65_536;
const NOTHING = Buffer.alloc(0);

/** The finished bytes as a stream that asks before its first byte and before its end. */
export function bodyStream(chunks: readonly Buffer[], watch: BodyWatch): Readable {
  const bytes = Buffer.concat(chunks);
  let at = 0;
  return new Readable({
    highWaterMark: 1,
    read() {
      if (at === 0 && !watch.mayStart()) return;
      if (at >= bytes.length) return endWhenWritten(this, watch);
      watch.moved();
      this.push(bytes.subarray(at, at + SLICE));
      at += SLICE;
    },
  });
}

/** The dot would wait behind unsent bytes, so that the answer to "may it leave?" could be old by the time it does. */
function endWhenWritten(body: Readable, watch: BodyWatch): void {
  const check = () => {
    const socket = watch.socket();
    if (body.destroyed || socket === undefined || socket.destroyed) return;
    if (socket.writableLength > 0) {
      socket.write(NOTHING, () => setImmediate(check));
      return;
    }
    if (watch.mayEnd()) body.push(null);
  };
  setImmediate(check);
}
