import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The class of an address behind a host that a caller named. */
export type AddressClass = 'public' | 'excepted' | 'forbidden';

export interface AddressGuard {
  /** `host` as in the URL, `address` as resolved. */
  classOf(host: string, address: string): AddressClass;
  /** The fault of a URL before it is resolved, as the end of a sentence; undefined: it may be tried. */
  faultOf(url: string): string | undefined;
  /** The same for the host of another kind of URL, whatever its port. */
  hostFaultOf(host: string): string | undefined;
}

/** The allowed ports of targets that callers name. */
export const PUBLIC_PORTS: readonly string[] = ['', '443', '8443'];

const PRIVATE = 'must not point to a private or reserved address; the operator allows hosts in ALLOWED_PRIVATE_HOSTS';

/**
 * Forbids every address that is not public: private, loopback, link-local, shared (CGNAT), multicast, reserved and translated
 * ones. `exceptions` are hosts, addresses or CIDR ranges that are allowed, also by http and on any port.
 */
export function addressGuard(exceptions: readonly string[]): AddressGuard {
  const ranges = exceptions.map(rangeOf).filter((range) => range !== undefined);
  const names = new Set(exceptions.filter((text) => rangeOf(text) === undefined).map(bareName));

  const classOf = (host: string, address: string): AddressClass => {
    if (names.has(bareName(host))) return 'excepted';
    if (!ipaddr.isValid(address)) return 'forbidden';
    const bare = ipaddr.process(address);
    if (ranges.some((range) => bare.kind() === range[0].kind() && bare.match(range))) return 'excepted';
    return isPublic(ipaddr.parse(address)) ? 'public' : 'forbidden';
  };

  const faultOf = (text: string): string | undefined => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) return 'must be an https:// URL';
    if (url.username + url.password !== '') return 'must not hold a user or a password';
    const host = url.hostname.replace(/^\[|\]$|\.$/g, '');
    const addressClass = literalClass(host);
    if (addressClass === 'public' && LOCAL_NAME.test(host)) return PRIVATE;
    if (addressClass === 'forbidden') return PRIVATE;
    return addressClass === 'public' ? publicFault(url) : undefined;
  };

  const hostFaultOf = (host: string): string | undefined => {
    // Parsed as resolvers do: 127.1 and 0x7f000001 are addresses too.
    const read = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host;
    return literalClass(read.replace(/^\[|\]$|\.$/g, '')) === 'forbidden' ? PRIVATE : undefined;
  };

  /** A name is `unresolved`: each connection checks it again with its resolved addresses. */
  const literalClass = (host: string): AddressClass | 'unresolved' => {
    if (isIP(host) !== 0) return classOf(host, host);
    return exceptions.length > 0 ? 'unresolved' : 'public';
  };

  return { classOf, faultOf, hostFaultOf };
}

/** RFC 6761 §6.3: always this machine. */
const LOCAL_NAME = /(?:^|\.)localhost$/;

function publicFault({ protocol, port }: URL): string | undefined {
  if (protocol !== 'https:') return 'must be an https:// URL';
  return PUBLIC_PORTS.includes(port) ? undefined : 'must use port 443 or 8443';
}

/** Public unicast addresses only; for IPv6 that is 2000::/3 so far. */
function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || address.match(ipaddr.parseCIDR('2000::/3'));
}

/** Undefined if the text is a host name. */
function rangeOf(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  const bare = text.replace(/^\[|\]$/g, '');
  if (ipaddr.isValidCIDR(bare)) return ipaddr.parseCIDR(bare);
  if (isIP(bare) === 0) return undefined;
  const address = ipaddr.parse(bare);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function bareName(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}
