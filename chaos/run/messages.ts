import { setTimeout as pause } from 'node:timers/promises';
import type { Caller } from './caller.js';

/** A message that was accepted. */
export interface PostedMessage {
  readonly id: string;
  readonly to: string;
}

interface MessagesPlan {
  /** The Idempotency-Keys begin with it. */
  readonly key: string;
  /** The addresses are `<name>0@example.test` and following. */
  readonly name: string;
  readonly count: number;
  /** Milliseconds between two of them. */
  readonly everyMs: number;
}

const AT_ONCE = 8;

/** Posts messages under keys, some at a time, until `count` are accepted; the pauses spread them over the campaign. */
export async function postMessages(
  call: Caller,
  { key, name, count, everyMs }: MessagesPlan,
): Promise<readonly PostedMessage[]> {
  const posted: PostedMessage[] = [];
  let next = 0;
  const postOneByOne = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      const to = `${name}${number}@example.test`;
      const body = { from: 'codes@acme.test', to, subject: `Code ${number}`, text: `Your code is ${number}.` };
      const { data } = await call<{ data: { id: string } }>('POST', '/messages', {
        body,
        key: `${key}-${name}-${number}`,
      });
      posted.push({ id: data.id, to });
      await pause(everyMs * AT_ONCE);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, postOneByOne));
  return posted;
}
