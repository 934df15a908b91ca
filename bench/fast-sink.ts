import { createServer } from 'node:net';

/** A receiver that takes every mail and looks at nothing: run in a process of its own, it tells its port to the parent. */
const END = '\r\n.\r\n';
/** When each mail was taken, in milliseconds of this process's own clock. */
const accepted: number[] = [];

const server = createServer({ noDelay: true }, (socket) => {
  let rest = '';
  let inBody = false;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    let replies = '';
    for (let verb = next(); verb !== undefined; verb = next()) replies += replyTo(verb);
    // the end of a mail may be cut in two; what lies before it is of no interest
    if (inBody) rest = rest.slice(-(END.length - 1));
    if (replies !== '') socket.write(replies);
  });
  const next = () => {
    const mark = inBody ? END : '\r\n';
    const end = rest.indexOf(mark);
    if (end < 0) return undefined;
    const verb = inBody ? 'DOT' : rest.slice(0, 4).toUpperCase();
    rest = rest.slice(end + mark.length);
    inBody = verb === 'DATA';
    if (verb === 'DOT') accepted.push(performance.now());
    return verb;
  };
  socket.write('220 sink ESMTP\r\n');
});

function replyTo(verb: string): string {
  if (verb === 'EHLO') return '250-sink\r\n250 PIPELINING\r\n';
  if (verb === 'DATA') return '354 go ahead\r\n';
  return verb === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n';
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.(address.port);
});
process.on('message', (question) => {
  if (question === 'accepted') process.send?.(accepted);
});
process.once('disconnect', () => process.exit(0));
