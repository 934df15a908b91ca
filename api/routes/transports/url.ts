import { Failure } from '../../../domain/errors.js';
import { urlFault } from '../../../mail/smtp/settings.js';
import { HIDDEN } from '../../../store/transports/transports.js';
import type { AddressGuard } from '../../../web/address-guard.js';

/**
 * An SMTP URL to store. A URL that is sent back with the hidden password keeps the stored one, but only for the same host
 * and user: otherwise the password would be sent to a host of the caller's choice.
 */
export function urlToStore(given: string, guard?: Pick<AddressGuard, 'hostFaultOf'>, before?: string): string {
  const fault = urlFault(given) ?? guard?.hostFaultOf(new URL(given).hostname);
  if (fault !== undefined) refuse(fault);
  const url = new URL(given);
  if (url.password !== HIDDEN) return given;
  const stored = before === undefined ? undefined : new URL(before);
  if (stored === undefined || !isSameLogin(stored, url)) refuse('must name the password');
  else url.password = stored.password;
  return url.href;
}

function isSameLogin(one: URL, other: URL): boolean {
  return one.protocol === other.protocol && one.host === other.host && one.username === other.username;
}

function refuse(fault: string): never {
  throw new Failure('validation_failed', { url: [`The url ${fault}.`] });
}
