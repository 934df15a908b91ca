import type { FastifyRequest } from 'fastify';
import { isbot } from 'isbot';
import { now } from '../../../clock.js';
import { type Verdict, type Visit, verdictOn } from '../../../domain/tracking.js';

const READS_AHEAD = /\bprefetch\b|\bpreview\b|\bprerender\b/i;

/** Person or machine, from what the request alone tells. */
export function judged(what: Visit['what'], { headers }: FastifyRequest, madeAt: Date | undefined): Verdict {
  const userAgent = headers['user-agent'] ?? '';
  const purpose = [headers['sec-purpose'], headers['purpose'], headers['x-purpose'], headers['x-moz']].join(' ');
  return verdictOn({
    what,
    userAgent,
    prefetched: READS_AHEAD.test(purpose),
    knownRobot: isbot(userAgent),
    age: madeAt === undefined ? undefined : now().getTime() - madeAt.getTime(),
  });
}
