import { TLSSocket } from 'node:tls';
import { monotonic } from '../../clock.js';
import type { ConnectionTrouble } from '../../domain/delivery/outcome.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { shortReply } from '../../domain/delivery/scrub.js';
import { openSession, type Session } from './handshake.js';
import { type Dial, settingsFrom } from './settings.js';

/** The result of a connection test, without a mail. */
export interface ProbeResult {
  /** Mail could be sent. */
  readonly ok: boolean;
  /** The stage it reached: past EHLO and AUTH, or the one that failed. */
  readonly stage: 'ready' | 'connect' | 'tls' | 'auth';
  /** Such as `TLSv1.3`; null if the connection was not encrypted, or not opened. */
  readonly tls: string | null;
  readonly cipher: string | null;
  /** The server accepted the user of the URL; false if the URL names none. */
  readonly authenticated: boolean;
  /** The server's last reply, or the failure. */
  readonly says: string;
  readonly milliseconds: number;
}

/** Connects, sends EHLO, starts TLS and logs in as for mail, then sends QUIT. Never rejects, sends no mail. */
export async function probe(url: string, timeout: number, dial?: Dial): Promise<ProbeResult> {
  const times: Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'> = { smtpCommand: timeout, smtpDot: timeout };
  const settings = settingsFrom({ url, times, dial });
  const begun = monotonic();
  const opened = await openSession(settings).opened;
  const milliseconds = Math.round(monotonic() - begun);
  if ('stage' in opened) return { ...failedProbe(opened), milliseconds };
  const result = outcomeOf(opened, settings.auth !== undefined);
  leave(opened, timeout);
  return { ...result, milliseconds };
}

/** QUIT, and the end of the connection once the server has answered. */
function leave({ socket, raw }: Session, timeout: number): void {
  const end = () => {
    clearTimeout(timer);
    raw.destroy();
  };
  const timer = setTimeout(end, timeout);
  socket.once('data', end).once('end', end).resume();
  socket.write('QUIT\r\n');
}

type ProbeOutcome = Omit<ProbeResult, 'milliseconds'>;

function failedProbe({ what }: ConnectionTrouble): ProbeOutcome {
  return { ok: false, stage: stageOf(what), tls: null, cipher: null, authenticated: false, says: what };
}

function stageOf(what: string): ProbeResult['stage'] {
  if (/\b(?:EAUTH|ENOAUTH|EOAUTH2)\b/.test(what)) return 'auth';
  return /\b(?:ETLS|EREQUIRETLS)\b|certificate|\bSSL\b/i.test(what) ? 'tls' : 'connect';
}

function outcomeOf({ socket, says }: Session, authenticated: boolean): ProbeOutcome {
  const isSecure = socket instanceof TLSSocket;
  return {
    ok: true,
    stage: 'ready',
    tls: isSecure ? socket.getProtocol() : null,
    cipher: isSecure ? socket.getCipher().name : null,
    authenticated,
    says: shortReply(says),
  };
}
