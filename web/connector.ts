import { lookup as systemLookup } from 'node:dns/promises';
import { connect, isIP, type LookupFunction, Socket } from 'node:net';
import { buildConnector } from 'undici';
import { type AddressClass, type AddressGuard, PUBLIC_PORTS } from './address-guard.js';

interface Resolved {
  readonly address: string;
  readonly family: number;
}

/** Called for every connection. */
export type Resolve = (host: string) => Promise<readonly Resolved[]>;

/** The target is, or resolves to, a forbidden address. */
export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress';
}

const SYSTEM: Resolve = (host) => systemLookup(host, { all: true });

/**
 * Connects to checked addresses only. The socket uses the addresses of the same lookup, so a name that resolves
 * differently later cannot bypass the check (DNS rebinding).
 */
export function guardedConnector(guard: AddressGuard, resolve: Resolve = SYSTEM): buildConnector.connector {
  return (options, callback) => {
    const { hostname, protocol, port } = options;
    const exceptionsOnly = protocol !== 'https:' || !PUBLIC_PORTS.includes(port);
    const allowed = (address: string) => isAllowed(guard.classOf(hostname, address), exceptionsOnly);
    if (isIP(hostname) !== 0 && !allowed(hostname)) {
      callback(new ForbiddenAddress(hostname), null);
      return;
    }
    const lookup = guardedLookup(allowed, resolve);
    buildConnector({ lookup })(options, callback);
  };
}

/** Opens sockets to other servers, on any port, with the same check. */
export function guardedDial(reach: AddressGuard, resolve: Resolve = SYSTEM) {
  return ({ host, port }: { readonly host: string; readonly port: number }): Socket => {
    const allowed = (address: string) => reach.classOf(host, address) !== 'forbidden';
    if (isIP(host) !== 0 && !allowed(host)) return new Socket().destroy(new ForbiddenAddress(host));
    return connect({ host, port, lookup: guardedLookup(allowed, resolve) });
  };
}

/** Resolves a host once and returns its allowed addresses. */
function guardedLookup(allowed: (address: string) => boolean, resolve: Resolve): LookupFunction {
  return (host, { all, family }, answer) => {
    resolve(host).then(
      (found) => {
        const wanted = found.filter((one) => allowed(one.address) && matches(family, one.family));
        const [first] = wanted;
        if (first === undefined) answer(new ForbiddenAddress(host), '', 0);
        else if (all === true) answer(null, [...wanted]);
        else answer(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => answer(error, '', 0),
    );
  };
}

function isAllowed(addressClass: AddressClass, exceptionsOnly: boolean): boolean {
  return addressClass === 'excepted' || (addressClass === 'public' && !exceptionsOnly);
}

function matches(wanted: number | string | undefined, family: number): boolean {
  return wanted === undefined || wanted === 0 || Number(String(wanted).replace('IPv', '')) === family;
}
