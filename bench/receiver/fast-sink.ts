import { createServer } from 'node:net';
import { type Arrival, machineTime, type SinkRequest } from '../harness/machine-time.js';

/** A receiver that accepts every mail without parsing it. It runs as a child process and sends its port to the parent. */
const END = '\r\n.\r\n';
/** When each mail was accepted, and its recipient. */
const accepted: Arrival[] = [];

const server = createServer({ noDelay: true }, (socket) => {
  let rest = '';
  let inBody = false;
  let to = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    let replies = '';
    for (let verb = next(); verb !== undefined; verb = next()) replies += replyTo(verb);
    // the end of a mail may be split over two chunks; the bytes before it are not needed
    if (inBody) rest = rest.slice(-(END.length - 1));
    if (replies !== '') socket.write(replies);
  });
  const next = () => {
    const mark = inBody ? END : '\r\n';
    const end = rest.indexOf(mark);
    if (end < 0) return undefined;
    const verb = inBody ? 'DOT' : rest.slice(0, 4).toUpperCase();
    if (verb === 'RCPT') to = copied(rest.slice('RCPT TO:<'.length, rest.indexOf('>')));
    rest = rest.slice(end + mark.length);
    inBody = verb === 'DATA';
    if (verb === 'DOT') accepted.push({ at: machineTime(), to });
    return verb;
  };
  socket.write('220 sink ESMTP\r\n');
});

/** A slice would keep the whole chunk in memory. */
function copied(address: string): string {
  return Buffer.from(address, 'latin1').toString('latin1');
}

function replyTo(verb: string): string {
  if (verb === 'EHLO') return '250-sink\r\n250 PIPELINING\r\n';
  if (verb === 'DATA') return '354 go ahead\r\n';
  return verb === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n';
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.(address.port);
});

process.on('message', (request: SinkRequest) => {
  process.send?.(request === 'count' ? { count: accepted.length } : { accepted: accepted.slice(request.accepted) });
});
process.once('disconnect', () => process.exit(0));
