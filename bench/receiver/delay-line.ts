import { connect, createServer, type Socket } from 'node:net';
import { monotonic } from '../../clock.js';

/**
 * A line with a delay: passes each chunk on after a fixed time, in order and at any throughput, in both directions. It
 * runs as a child process with the receiver's port and the delay in milliseconds as arguments, and sends its port.
 */
const [target = 0, delay = 0] = process.argv.slice(2).map(Number);

/** Events are due in the order in which they came; one timer waits for the first. */
function delayed() {
  const waiting: { readonly due: number; readonly act: () => void }[] = [];
  const next = () => {
    while (waiting[0] !== undefined && waiting[0].due <= monotonic()) waiting.shift()?.act();
    if (waiting[0] !== undefined) setTimeout(next, waiting[0].due - monotonic());
  };
  return (act: () => void) => {
    waiting.push({ due: monotonic() + delay, act });
    if (waiting.length === 1) setTimeout(next, delay);
  };
}

function pass(from: Socket, to: Socket): void {
  const later = delayed();
  from.on('data', (chunk) => later(() => to.writable && to.write(chunk)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
}

const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
  const far = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  pass(near, far);
  pass(far, near);
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.(address.port);
});
process.once('disconnect', () => process.exit(0));
