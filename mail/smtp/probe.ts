import { TLSSocket } from 'node:tls';
import { monotonic } from '../../clock.js';
import type { ConnectionTrouble } from '../../domain/outcome.js';
import type { ProtocolTimes } from '../../domain/protocol.js';
import { shortReply } from '../../domain/scrub.js';
import { openSession, type Session } from './session.js';
import { type Dial, settingsFrom } from './settings.js';

/** What an SMTP server showed to somebody who sends nothing. */
export interface Sighting {
  /** A mail would get as far as its envelope. */
  readonly ok: boolean;
  /** Where it ended: past EHLO and AUTH, or in front of one of them. */
  readonly stage: 'ready' | 'connect' | 'tls' | 'auth';
  /** Such as `TLSv1.3`; null where the connection was not encrypted, or not reached. */
  readonly tls: string | null;
  readonly cipher: string | null;
  /** The server knows the user of the URL; false also where it names none. */
  readonly authenticated: boolean;
  /** The server's last reply, or what went wrong. */
  readonly says: string;
  readonly milliseconds: number;
}

/** Connects, says EHLO, starts TLS and logs in as mail would, then says QUIT. Never rejects, sends no mail. */
export async function probe(url: string, patience: number, dial?: Dial): Promise<Sighting> {
  const times: Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'> = { smtpCommand: patience, smtpDot: patience };
  const settings = settingsFrom({ url, connections: 1, times, dial });
  const begun = monotonic();
  const seen = await openSession(settings).opened;
  const milliseconds = Math.round(monotonic() - begun);
  if ('stage' in seen) return { ...unseen(seen), milliseconds };
  const sighting = sightOf(seen, settings.auth !== undefined);
  const cut = setTimeout(() => seen.smtp.close(), patience);
  seen.smtp.once('end', () => clearTimeout(cut));
  seen.smtp.quit();
  return { ...sighting, milliseconds };
}

type Seen = Omit<Sighting, 'milliseconds'>;

function unseen({ what }: ConnectionTrouble): Seen {
  return { ok: false, stage: stageOf(what), tls: null, cipher: null, authenticated: false, says: what };
}

function stageOf(what: string): Sighting['stage'] {
  if (/\b(?:EAUTH|ENOAUTH|EOAUTH2)\b/.test(what)) return 'auth';
  return /\b(?:ETLS|EREQUIRETLS)\b|certificate|\bSSL\b/i.test(what) ? 'tls' : 'connect';
}

function sightOf({ smtp }: Session, authenticated: boolean): Seen {
  const socket = smtp._socket;
  const isSecure = socket instanceof TLSSocket;
  return {
    ok: true,
    stage: 'ready',
    tls: isSecure ? socket.getProtocol() : null,
    cipher: isSecure ? socket.getCipher().name : null,
    authenticated,
    says: shortReply(smtp.lastServerResponse || ''),
  };
}
