import { type Check, type NoAnswer, noAnswer, UNCHECKED } from '../../domain/sender-domain.js';
import type { Lookup } from './lookup.js';

/** RFC 7208 §4.6.4: terms that ask the DNS; an eleventh makes the whole record fail. */
const MOST_LOOKUPS = 10;
const ASKS = /^[+?~-]?(?:include:|redirect=|a(?:[:/]|$)|mx(?:[:/]|$)|ptr(?::|$)|exists:)/i;
const GOES_ON = /^[+?~-]?(?:include:|redirect=)(.+)$/i;

interface Walk {
  lookups: number;
  readonly included: Set<string>;
}

type Fault = Check | NoAnswer;

/**
 * Whether the domain has one valid SPF record of at most ten look-ups, counted through all its includes, and whether it
 * leads to `include`, where that is given: the name under which the sending servers are listed.
 */
export async function checkSpf(lookup: Lookup, domain: string, include?: string): Promise<Check | NoAnswer> {
  const records = await spfOf(lookup, domain);
  if ('state' in records) return records;
  const [found] = records;
  if (found === undefined) return UNCHECKED;
  const walk: Walk = { lookups: 0, included: new Set() };
  const fault = records.length > 1 ? several(domain) : await followTerms(lookup, found, walk);
  if (fault !== undefined) return fault.state === 'unknown' ? fault : { ...fault, found };
  if (include !== undefined && !walk.included.has(include.toLowerCase())) {
    return { state: 'wrong', found, note: `The record does not include ${include}.` };
  }
  return { state: 'ok', found, note: `${walk.lookups} of ${MOST_LOOKUPS} look-ups.` };
}

async function spfOf(lookup: Lookup, domain: string): Promise<readonly string[] | NoAnswer> {
  const answer = await lookup.txt(domain);
  if (answer.kind === 'unreachable') return noAnswer(answer.why);
  return answer.kind === 'none' ? [] : answer.records.filter((record) => /^v=spf1(?: |$)/i.test(record));
}

/** Counts the terms of a record and of what it includes; what is wrong, or undefined. */
async function followTerms(lookup: Lookup, record: string, walk: Walk): Promise<Fault | undefined> {
  for (const term of record.split(/ +/).slice(1)) {
    if (!ASKS.test(term)) continue;
    walk.lookups += 1;
    if (walk.lookups > MOST_LOOKUPS) return wrong(`The record needs more than ${MOST_LOOKUPS} look-ups.`);
    const next = GOES_ON.exec(term)?.[1]?.toLowerCase();
    // a macro names another domain for each mail (RFC 7208 §7)
    const fault = next === undefined || next.includes('%') ? undefined : await followInto(lookup, next, walk);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

async function followInto(lookup: Lookup, domain: string, walk: Walk): Promise<Fault | undefined> {
  walk.included.add(domain);
  const records = await spfOf(lookup, domain);
  if ('state' in records) return records;
  const [record] = records;
  if (record === undefined) return wrong(`${domain} is included and has no SPF record.`);
  return records.length > 1 ? several(domain) : followTerms(lookup, record, walk);
}

function several(domain: string): Check {
  return wrong(`${domain} has more than one SPF record; leave one.`);
}

function wrong(note: string): Check {
  return { state: 'wrong', found: null, note };
}
