import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EverpostError, everpost } from '../../client/everpost.js';
import { now } from '../../clock.js';
import type { WebhookFormat } from '../../domain/webhook/formats.js';
import { type WebClient, webClient } from '../../web/client.js';
import { webhookRequest } from '../../web/webhook/request.js';
import { patience, type RetryTimes } from './patience.js';

export interface ListenOptions {
  /** The address of Everpost, such as `http://127.0.0.1:3000`. */
  readonly api: string;
  readonly key: string | undefined;
  /** An event type, `campaign.*` or `*`. */
  readonly type: string;
  readonly format: WebhookFormat;
  /** Signs the events; a new one if absent. */
  readonly secret?: string;
  /** The position after which to begin; the present end of the event log if absent. */
  readonly after?: number;
}

interface ListenTimes extends RetryTimes {
  /** Milliseconds between two readings of the event log. */
  readonly poll: number;
}

const TIMES: ListenTimes = { poll: 1_000, first: 1_000, longest: 10_000 };
const PAGE = 100;

interface Listening {
  readonly web: WebClient;
  readonly client: ReturnType<typeof everpost>;
  readonly target: string;
  readonly secret: string;
  readonly stopped: AbortSignal;
  readonly times: ListenTimes;
}

/**
 * `everpost listen <address>`: forwards events to an address, signed as those of a webhook endpoint, until `stopped`. Exit
 * code 1 where the address or the key cannot be used. Prints types and ids only: payloads contain the text of others.
 */
export async function listen(
  target: string,
  options: ListenOptions,
  stopped: AbortSignal,
  times: ListenTimes = TIMES,
): Promise<number> {
  const { api, key, secret = `whsec_${randomBytes(32).toString('base64')}` } = options;
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return fail(`${target} is not an http:// address.`);
  if (key === undefined) return fail('Set EVERPOST_API_KEY or --key to a key of the account.');
  // The caller has chosen this host, also a private one.
  const web = webClient({ exceptions: [url.hostname] });
  const listening = { web, client: everpost({ url: api, key }), target: url.href, secret, stopped, times };
  try {
    await forwardEvents(listening, options);
    return 0;
  } catch (error) {
    if (stopped.aborted) return 0;
    if (error instanceof EverpostError) return fail(`Everpost answered ${error.message}`);
    throw error;
  } finally {
    await web.close();
  }
}

/** Ends only by throwing. */
async function forwardEvents(listening: Listening, { type, format, ...options }: ListenOptions): Promise<never> {
  const { client, stopped: signal, times } = listening;
  const read = (query: { after?: number; order?: 'desc'; limit: number; payload?: WebhookFormat }) =>
    untilAnswered(listening, () => client.get('/api/v1/events', { query: { type, ...query }, signal }));
  let after = options.after ?? (await read({ order: 'desc', limit: 1 })).data[0]?.position ?? 0;
  console.log(`Forwarding ${type} to ${listening.target} until Ctrl-C, signed with ${listening.secret}`);
  for (;;) {
    const { data, meta } = await read({ after, limit: PAGE, payload: format });
    for (const event of data) {
      if (event.payload != null) await forward(listening, format, event, JSON.stringify(event.payload));
      after = event.position;
    }
    if (meta.next === null) await delay(times.poll, undefined, { signal });
  }
}

/** Reads again while Everpost is away or limits the key. */
async function untilAnswered<T>({ times, stopped }: Listening, read: () => Promise<T>): Promise<T> {
  const wait = patience(times, stopped);
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const { reason, seconds } = delayOf(error) ?? {};
      if (stopped.aborted || reason === undefined) throw error;
      await wait(reason, seconds);
    }
  }
}

/** Why to read again, and after how many seconds if Everpost says so; undefined where another try is pointless. */
function delayOf(error: unknown): { readonly reason: string; readonly seconds?: number | undefined } | undefined {
  if (!(error instanceof EverpostError)) return { reason: 'Everpost does not answer' };
  const { status, retryAfter: seconds } = error.refusal;
  if (status === 429) return { reason: 'Everpost limits this key', seconds };
  return status >= 500 ? { reason: `Everpost answers ${status}`, seconds } : undefined;
}

/** Posts one event, again under the same id until the target answers; any answer is the last attempt. */
async function forward(
  { web, target: url, secret, times, stopped }: Listening,
  format: WebhookFormat,
  { id, type }: { readonly id: string; readonly type: string },
  body: string,
): Promise<void> {
  const wait = patience(times, stopped);
  for (;;) {
    const answer = await web.send(webhookRequest({ url, format, id, type, body, secrets: [secret], at: now() }));
    if (answer.kind === 'answered') return console.log(`${type}  ${id}  ${answer.status} in ${answer.ms} ms`);
    await wait(`${type}  ${id}  ${url} does not answer (${answer.why})`);
  }
}

function fail(sentence: string): number {
  console.error(sentence);
  return 1;
}
