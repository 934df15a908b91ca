import { isFree } from '../../../servers/ports.js';

/** Systems hand out ports above these by themselves: Linux from 32,768 on, others from 49,152 (RFC 6335). */
const FIRST = 10_000;
const LAST = 32_000;

/** A port without a listener that is not assigned to other servers: a test may start one on it later. */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(port)) return port;
  }
}
