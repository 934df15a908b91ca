import type { Db } from 'mongodb';
import { now } from '../../clock.js';
import { type Config, DEFAULT_MAIL_FROM } from '../../config.js';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import { isInTrouble, shownTry } from '../../domain/delivery/transport-health.js';
import { openWork } from '../../store/monitoring/open-work.js';
import { processes } from '../../store/processes/processes.js';
import { type Finding, ok, warning } from './finding.js';

/** The transports that the running workers cannot use, with the last reply. */
export async function checkTransportStates(db: Db): Promise<Finding[]> {
  const states = await openWork({ db }, PROTOCOL_TIMES.lease).transportStates();
  return states.filter(isInTrouble).map(({ id, name, account, state, since, error, ...reported }) => {
    const subject = id === 'default' ? 'Transport of SMTP_URL' : `Transport ${id} (${name}, account ${account})`;
    const reply = error === null ? '' : `, at ${error.phase}: ${error.reply}`;
    const next_try = shownTry(reported, now());
    const next = next_try === null ? '' : `; the workers try it again at ${next_try.toISOString().slice(11, 19)}Z`;
    return warning(subject, `${state}${reply}`, `check the server, its login and the network${next}`, since);
  });
}

/** The sender of mail that names none, as the running processes have it. */
export async function checkSender(db: Db, config: Pick<Config, 'mailFrom' | 'smtpUrl'>): Promise<Finding[]> {
  const [running] = await processes({ db }).running();
  const sender = running?.settings['MAIL_FROM'] ?? config.mailFrom;
  const leaves =
    config.smtpUrl !== undefined || (await db.collection('transports').countDocuments({ enabled: true })) > 0;
  if (sender !== DEFAULT_MAIL_FROM) return [ok('MAIL_FROM', sender)];
  if (!leaves) return [ok('MAIL_FROM', 'not set (enough for mail that stays on this machine)')];
  const says = `not set: mail without a sender of its own comes from ${DEFAULT_MAIL_FROM}, which no server accepts`;
  return [warning('MAIL_FROM', says, 'set MAIL_FROM to a sender of a verified domain and restart all processes')];
}
