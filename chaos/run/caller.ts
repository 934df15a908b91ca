import { setTimeout as pause } from 'node:timers/promises';
import { KEY } from '../installation/installation.js';

/** Calls any of the APIs and repeats the request, with the same Idempotency-Key, until one has answered it. */
export type Caller = <T>(method: 'GET' | 'POST', path: string, options?: CallOptions) => Promise<T>;

interface CallOptions {
  readonly body?: object;
  readonly key?: string;
}

/** One answer may take as long as an API waits for MongoDB, and a little longer. */
const ANSWER_MS = 15_000;
const BETWEEN_MS = 250;
const GIVEN_UP_MS = 180_000;

/** Returns the whole answer; throws where it refuses the request, or where no API has answered for three minutes. */
export function callerOf(addresses: readonly string[]): Caller {
  let turn = 0;
  return async <T>(method: 'GET' | 'POST', path: string, options: CallOptions = {}): Promise<T> => {
    let last = '';
    for (const since = performance.now(); performance.now() - since < GIVEN_UP_MS; await pause(BETWEEN_MS)) {
      turn += 1;
      const answer = await answerOf(`${addresses[turn % addresses.length]}/api/v1${path}`, method, options);
      if (answer.isGood) return JSON.parse(answer.text) as T;
      last = answer.text;
      if (!answer.isPassing) break;
    }
    throw new Error(`${method} ${path} failed: ${last}`);
  };
}

interface Answer {
  readonly isGood: boolean;
  /** Another try may be answered otherwise. */
  readonly isPassing: boolean;
  readonly text: string;
}

async function answerOf(url: string, method: 'GET' | 'POST', { body, key }: CallOptions): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${KEY}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return { isGood: response.ok, isPassing: isPassing(response), text: await response.text() };
  } catch (failure) {
    return { isGood: false, isPassing: true, text: String(failure) };
  }
}

/** A 409 with `Retry-After`: the same request is still being answered by another process. */
function isPassing({ status, headers }: Response): boolean {
  return status >= 500 || (status === 409 && headers.has('retry-after'));
}
