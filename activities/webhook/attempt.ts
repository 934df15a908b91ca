import { now } from '../../clock.js';
import { payloadIn } from '../../domain/webhook/payload.js';
import type { Tidings } from '../../domain/webhook/tidings.js';
import { type HookVerdict, verdictOn } from '../../domain/webhook/verdict.js';
import type { DeliveryResult } from '../../store/webhook/deliveries.js';
import type { Endpoint } from '../../store/webhook/endpoints.js';
import type { WebClient } from '../../web/client.js';
import { hookRequest } from '../../web/hook-request.js';

/** One event that is to be posted, and how often it has been before. */
export interface Errand {
  readonly tidings: Tidings;
  readonly seq: number | null;
  /** Counts from 1. */
  readonly attempt: number;
}

export interface Attempted {
  readonly verdict: HookVerdict;
  readonly result: DeliveryResult;
}

/** Posts one event and says what came of it; undefined where the format has no words for it. Never throws. */
export async function attemptDelivery(
  web: Pick<WebClient, 'send'>,
  { url, format }: Pick<Endpoint, 'url' | 'format'>,
  secrets: readonly string[],
  { tidings, seq, attempt }: Errand,
): Promise<Attempted | undefined> {
  const payload = payloadIn(format, tidings);
  if (payload === undefined) return undefined;
  const { id, type } = tidings;
  const at = now();
  const answer = await web.send(hookRequest({ url, format, id, type, body: JSON.stringify(payload), secrets, at }));
  const answered = answer.kind === 'answered';
  const status = answered ? answer.status : null;
  const tried = {
    at,
    status,
    error: answered ? null : answer.why,
    ms: answer.ms,
    answer: answered ? answer.body.toString('utf8') : '',
  };
  const after = now();
  const verdict = verdictOn(format, attempt, { status, retryAfter: answered ? answer.retryAfter : null }, after);
  const due = verdict.kind === 'again' ? new Date(after.getTime() + verdict.after) : null;
  return { verdict, result: { event: id, seq, type, state: stateAfter(verdict), attempt, due, tried } };
}

function stateAfter({ kind }: HookVerdict): DeliveryResult['state'] {
  if (kind === 'delivered') return 'delivered';
  return kind === 'again' ? 'waiting' : 'failed';
}
