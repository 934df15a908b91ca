import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { isbot } from 'isbot';
import { now } from '../../../clock.js';
import { classifyVisit, type Visit, type VisitClass } from '../../../domain/tracking/visit.js';

const PREFETCH = /\bprefetch\b|\bpreview\b|\bprerender\b/i;

/** Classifies a visit as person or machine by the request alone. */
export function verdictOf(what: Visit['what'], { headers }: FastifyRequest, madeAt: Date | undefined): VisitClass {
  const userAgent = headers['user-agent'] ?? '';
  const purpose = [headers['sec-purpose'], headers['purpose'], headers['x-purpose'], headers['x-moz']].join(' ');
  return classifyVisit({
    what,
    userAgent,
    prefetched: PREFETCH.test(purpose),
    knownRobot: isbot(userAgent),
    age: madeAt === undefined ? undefined : now().getTime() - madeAt.getTime(),
  });
}

/** The visitor, as reported in webhooks of a message. */
export interface Visitor {
  /** The network, not the address; null where it is unknown. */
  readonly ip: string | null;
  readonly user_agent: string;
  /** The recipient address in the link. */
  readonly token: string;
}

const LONGEST_AGENT = 255;

export function visitorOf({ ip, headers }: Pick<FastifyRequest, 'ip' | 'headers'>, token: string): Visitor {
  return { ip: networkOf(ip), user_agent: (headers['user-agent'] ?? '').slice(0, LONGEST_AGENT), token };
}

/** Removes the part of an address that identifies one person: keeps three octets of IPv4, six of IPv6. */
export function networkOf(ip: string): string | null {
  if (!ipaddr.isValid(ip)) return null;
  const address = ipaddr.process(ip);
  const kept = address.kind() === 'ipv4' ? 3 : 6;
  return ipaddr.fromByteArray(address.toByteArray().map((octet, i) => (i < kept ? octet : 0))).toString();
}
