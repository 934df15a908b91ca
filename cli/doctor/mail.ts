import type { Config } from '../../config.js';
import { reasonOf } from '../../servers/report.js';
import { type Finding, fault, ok, warning } from './finding.js';
import { greet } from './smtp-greeting.js';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export async function checkSmtp(smtpUrl: string | undefined): Promise<Finding> {
  if (smtpUrl === undefined) return ok('SMTP', 'no SMTP_URL: mail goes to the local catcher and nowhere else');
  const { hostname, username, host } = new URL(smtpUrl);
  try {
    const { protection } = await greet(smtpUrl);
    if (protection !== 'none') return ok('SMTP', `${host} reached, protected by ${protection}`);
    if (LOOPBACK.test(hostname)) return ok('SMTP', `${host} reached, without TLS on this machine`);
    const says = `${host} reached, but it offers no STARTTLS`;
    if (username === '') return warning('SMTP', says, 'mails travel readable: use a server with TLS');
    return fault('SMTP', says, 'the password would travel readable: use smtps:// or a server with STARTTLS');
  } catch (failure) {
    return fault('SMTP', `${host} is not usable: ${reasonOf(failure)}`, 'check SMTP_URL, firewall and certificate');
  }
}

/** One-click unsubscribe needs https (RFC 8058, 3.1), and links need an address that recipients can reach. */
export function checkPublicUrl({ publicUrl, smtpUrl }: Pick<Config, 'publicUrl' | 'smtpUrl'>): Finding {
  const { protocol, hostname } = new URL(publicUrl);
  const local = smtpUrl === undefined || LOOPBACK.test(new URL(smtpUrl).hostname);
  if (protocol === 'https:') return ok('PUBLIC_URL', publicUrl);
  if (local) return ok('PUBLIC_URL', `${publicUrl} (enough for mail that stays on this machine)`);
  const advice = 'set PUBLIC_URL to the https address under which recipients reach this API';
  if (LOOPBACK.test(hostname)) return fault('PUBLIC_URL', `${publicUrl} is out of the recipients' reach`, advice);
  return fault('PUBLIC_URL', `${publicUrl} is not https: one-click unsubscribe does not work`, advice);
}

export function checkSecret({ secret, mongodbUrl }: Pick<Config, 'secret' | 'mongodbUrl'>): Finding {
  if (secret !== undefined) return ok('EVERPOST_SECRET', 'set');
  if (mongodbUrl === undefined) return ok('EVERPOST_SECRET', 'made once and kept in DATA_DIR');
  return fault(
    'EVERPOST_SECRET',
    'not set',
    'processes that share a MongoDB need the same one, of 16 characters or more: openssl rand -base64 32',
  );
}
