import { setTimeout as pause } from 'node:timers/promises';
import { type Arrival, machineTime } from '../harness/machine-time.js';
import type { ClockedSink } from '../receiver/sink.js';
import { addressOf } from './caller.js';

const LOOK_MS = 10;
/** Without any mail for so long, what is missing will not come. */
const SILENCE_MS = 60_000;

/** When each of the messages arrived, by its number, once all of them have; `from` mails were there before. */
export async function arrivalsOf(
  sink: Pick<ClockedSink, 'accepted'>,
  from: number,
  prefix: string,
  messages: number,
): Promise<readonly number[]> {
  const times = new Map<string, number>();
  let [seen, seenAt] = [from, machineTime()];
  while (times.size < messages) {
    const arrivals = await sink.accepted(seen);
    addArrivals(times, prefix, arrivals);
    seen += arrivals.length;
    if (arrivals.length > 0) seenAt = machineTime();
    else if (machineTime() - seenAt > SILENCE_MS)
      throw new Error(`the receiver has mails of ${times.size} of ${messages} messages`);
    else await pause(LOOK_MS);
  }
  return Array.from({ length: messages }, (_, n) => times.get(addressOf(prefix, n)) ?? Number.NaN);
}

/** Adds the mails of the messages with this prefix to their times. A second mail of a message is an error. */
function addArrivals(times: Map<string, number>, prefix: string, arrivals: readonly Arrival[]): void {
  for (const { to, at } of arrivals) {
    if (!to.startsWith(`${prefix}-`)) continue;
    if (times.has(to)) throw new Error(`two mails arrived at ${to}`);
    times.set(to, at);
  }
}
