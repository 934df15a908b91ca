import { setTimeout as pause } from 'node:timers/promises';
import { now } from '../../clock.js';
import { resumeIfPaused } from '../faults/operator.js';
import type { Caller } from './caller.js';
import type { PostedMessage } from './messages.js';
import { LOOK_EVERY_MS, untilTrue } from './until-true.js';
import type { WebhookReceiver } from './webhook-receiver.js';

interface Watched {
  readonly call: Caller;
  readonly campaign: number;
  readonly report: (line: string) => void;
}

/** Resumes the campaign whenever it is paused, as an operator would, until it is at rest or `limitMs` is over. */
export async function untilAtRest({ call, campaign, report }: Watched, limitMs: number): Promise<boolean> {
  return untilTrue(limitMs, async () => {
    const reason = await resumeIfPaused(call, campaign).catch(() => undefined);
    if (reason !== undefined) report(`the campaign was paused (${reason}) and is resumed`);
    return isAtRest(call, campaign);
  });
}

/** A retry that is due sooner is waited for. */
const SOON_MS = 60_000;

/** Sent, or waiting for the next try of the recipients who were deferred. */
async function isAtRest(call: Caller, campaign: number): Promise<boolean> {
  interface View {
    readonly status: string;
    readonly waiting: { readonly reason: string; readonly next_try: string | null } | null;
  }
  const { data } = await call<{ data: View }>('GET', `/campaigns/${campaign}`);
  const { reason, next_try } = data.waiting ?? {};
  const isSoon = next_try != null && Date.parse(next_try) < now().getTime() + SOON_MS;
  return data.status === 'sent' || (reason === 'retry' && !isSoon);
}

const OPEN: ReadonlySet<string> = new Set(['accepted', 'sending']);
/** Also those that wait for another try. */
export const NOT_FINAL: ReadonlySet<string> = new Set([...OPEN, 'deferred']);

/** Waits until no message is in these states; by default each is final then, or waits for another try. */
export async function untilDecided(
  call: Caller,
  messages: readonly PostedMessage[],
  limitMs: number,
  states = OPEN,
): Promise<boolean> {
  let open = messages;
  return untilTrue(limitMs, async () => {
    const still: PostedMessage[] = [];
    for (const message of open) {
      const { data } = await call<{ data: { state: string } }>('GET', `/messages/${message.id}`);
      if (states.has(data.state)) still.push(message);
    }
    open = still;
    return open.length === 0;
  });
}

/** Waits until the webhook has received as many events as the log has, or none has come for `quietMs`. */
export async function untilReceived(call: Caller, webhook: WebhookReceiver, quietMs: number): Promise<void> {
  let seen = -1;
  for (let since = performance.now(); performance.now() - since < quietMs; await pause(LOOK_EVERY_MS)) {
    const { data } = await call<{ data: readonly { position: number }[] }>('GET', '/events?order=desc&limit=1');
    const received = webhook.received().size;
    if (received >= (data[0]?.position ?? 0)) return;
    if (received !== seen) since = performance.now();
    seen = received;
  }
}
