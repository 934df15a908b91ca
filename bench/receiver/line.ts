import { once } from 'node:events';
import { forkBeside, stopped } from '../harness/child.js';

export interface DelayLine {
  readonly url: string;
  stop(): Promise<void>;
}

/** A line to the receiver with this delay in each direction, in a process of its own. */
export async function delayLine(receiver: string, milliseconds: number): Promise<DelayLine> {
  const child = forkBeside(import.meta.url, 'delay-line', [new URL(receiver).port, `${milliseconds}`]);
  const [port] = (await once(child, 'message')) as [number];
  return { url: `smtp://127.0.0.1:${port}`, stop: () => stopped(child) };
}
