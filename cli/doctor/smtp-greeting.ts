import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

const TIMEOUT_MS = 10_000;

export interface Greeting {
  /** The protection of the established connection; an invalid certificate throws. */
  readonly protection: 'TLS' | 'STARTTLS' | 'none';
}

/** Sends EHLO to an SMTP server and upgrades to TLS where it is offered (RFC 3207); throws if that fails. */
export async function greet(smtpUrl: string): Promise<Greeting> {
  const { protocol, hostname, port } = new URL(smtpUrl);
  const immediate = protocol === 'smtps:';
  const where = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (immediate ? 465 : 25)) };
  const socket = immediate ? connectTls({ ...where, servername: nameOf(where.host) }) : connect(where);
  // Errors reach the code that waits for the socket; without a waiting reader they are ignored.
  socket.on('error', () => {});
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
  try {
    await once(socket, immediate ? 'secureConnect' : 'connect');
    await replyOf(socket);
    const offers = await command(socket, 'EHLO doctor.everpost.test');
    if (immediate) return { protection: 'TLS' };
    if (!/^250[ -]STARTTLS\s*$/im.test(offers)) return { protection: 'none' };
    await command(socket, 'STARTTLS');
    await once(upgrade(socket, where.host), 'secureConnect');
    return { protection: 'STARTTLS' };
  } finally {
    socket.destroy();
  }
}

function upgrade(socket: Socket, host: string): TLSSocket {
  return connectTls({ socket, host, servername: nameOf(host) });
}

/** An IP address is not allowed as a server name (RFC 6066, 3). */
const nameOf = (host: string) => (isIP(host) === 0 ? host : '');

function command(socket: Socket, line: string): Promise<string> {
  socket.write(`${line}\r\n`);
  return replyOf(socket);
}

/** The next complete reply; a refusal throws. */
function replyOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (chunk: Buffer) => {
      text += chunk.toString();
      if (!/^\d{3}(?: .*)?\r\n$/m.test(text)) return;
      socket.off('data', read);
      socket.off('error', reject);
      socket.off('close', closed);
      if (/^[23]/.test(text)) resolve(text);
      else reject(new Error(`it answered ${text.trim()}`));
    };
    const closed = () => reject(new Error('it closed the connection'));
    socket.on('data', read);
    socket.once('error', reject);
    socket.once('close', closed);
  });
}
