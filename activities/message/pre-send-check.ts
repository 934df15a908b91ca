import { now } from '../../clock.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { retryWait } from '../../domain/delivery/retry.js';
import {
  BAD_DOMAIN,
  type BadDomainRefusal,
  decideForBadDomain,
  domainOf,
  KNOWN_BAD_DOMAIN,
} from '../../domain/delivery/suppression.js';
import { type MessageStep, stepOfRefusal, stepOfWaiting } from '../../domain/message/step.js';
import type { Message } from '../../store/messages/row.js';
import type { OptOuts } from '../../store/suppressions/opt-outs.js';
import type { Suppressions } from '../../store/suppressions/suppressions.js';

export interface PreSendDeps {
  readonly suppressions: Suppressions;
  readonly optOuts: Pick<OptOuts, 'among'>;
  readonly times: Pick<ProtocolTimes, 'firstRetry'>;
}

const SUPPRESSED = { class: 'suppressed', code: null, reply: null } as const;

/** The step of a message that must not be sent, or not yet; undefined if it may be sent. */
export async function preSendCheck(deps: PreSendDeps, row: Message): Promise<MessageStep | undefined> {
  const { suppressions, optOuts, times } = deps;
  const { account, to_key, leaves_key } = row;
  const domain = domainOf(to_key);
  const [suppressed, optedOut, bad] = await Promise.all([
    suppressions.among(account, [to_key]),
    leaves_key === undefined ? new Set<string>() : optOuts.among(account, leaves_key, [to_key]),
    suppressions.badDomainsAmong(account, [domain]),
  ]);
  if (suppressed.size > 0 || optedOut.size > 0) return refusalOf(row, SUPPRESSED);
  const memory = bad.get(domain);
  return memory === undefined ? undefined : stepOfMemory(row, memory, times.firstRetry);
}

/** A re-send is attempted in any case: the uncertain attempt before it must stay where late evidence finds it. */
function stepOfMemory(row: Message, memory: BadDomainRefusal, firstRetry: number): MessageStep | undefined {
  const waited = row.attempts.find(({ rule }) => rule === KNOWN_BAD_DOMAIN);
  const meaning = decideForBadDomain(memory, waited && new Date(waited.at));
  if (meaning === 'attempt' || row.resent) return undefined;
  const why = { class: BAD_DOMAIN, code: null, reply: memory.reply, rule: KNOWN_BAD_DOMAIN };
  if (meaning === 'failed') return refusalOf(row, why);
  return stepOfWaiting({ n: row.attempt + 1, at: now() }, why, retryWait(1, Math.random(), firstRetry));
}

export function refusalOf(row: Message, why: Parameters<typeof stepOfRefusal>[1]): MessageStep {
  return stepOfRefusal({ n: row.attempt + 1, at: now(), inDoubt: row.resent }, why);
}
