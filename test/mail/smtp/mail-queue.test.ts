import { expect, test } from 'vitest';
import type { Outcome } from '../../../domain/delivery/outcome.js';
import { mailQueue } from '../../../mail/smtp/queue/mail-queue.js';
import { aMail } from '../../support/mail/letters.js';

test('a caller that closes the queue when its mail is cancelled leaves no other mail without a fate', () => {
  const queue = mailQueue(() => undefined);
  const stop = new AbortController();
  const fates: Outcome['kind'][] = [];
  const add = (signal: AbortSignal, then = () => {}) =>
    queue.add({
      mail: aMail(),
      order: { mayBegin: () => true, signal },
      settled: ({ kind }) => {
        fates.push(kind);
        then();
      },
    });
  add(stop.signal, queue.close);
  add(new AbortController().signal);
  stop.abort();
  expect(fates).toEqual(['not_handed_over', 'not_handed_over']);
  expect(queue.length()).toBe(0);
});
