import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { isbot } from 'isbot';
import { now } from '../../../clock.js';
import { classifyVisit, type Visit, type VisitClass } from '../../../domain/tracking/visit.js';

const PREFETCH = /\bprefetch\b|\bpreview\b|\bprerender\b/i;

/** Person or machine, from what the request alone tells. */
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

/** Who came, as far as webhooks of a message tell it. */
export interface Visitor {
  /** The network, not the address; null where nobody knows. */
  readonly ip: string | null;
  readonly user_agent: string;
  /** The one in the link that was followed. */
  readonly token: string;
}

const LONGEST_AGENT = 255;

export function visitorOf({ ip, headers }: Pick<FastifyRequest, 'ip' | 'headers'>, token: string): Visitor {
  return { ip: networkOf(ip), user_agent: (headers['user-agent'] ?? '').slice(0, LONGEST_AGENT), token };
}

/** An address without what stands for one person: of IPv4 the first three octets are left, of IPv6 the first six. */
export function networkOf(ip: string): string | null {
  if (!ipaddr.isValid(ip)) return null;
  const address = ipaddr.process(ip);
  const kept = address.kind() === 'ipv4' ? 3 : 6;
  return ipaddr.fromByteArray(address.toByteArray().map((octet, i) => (i < kept ? octet : 0))).toString();
}
