import { FAILURES, Failure } from '../../../domain/errors.js';
import type { Api } from '../../app.js';
import type { Deps } from '../../deps.js';
import { keyOf } from '../../idempotency.js';
import { refusals } from '../../schemas/envelope.js';
import { BatchAccepted, type MessageRequest, NewMessage, NewMessages } from '../../schemas/message.js';
import { bodyReader } from '../../validation.js';
import { acceptMessage } from './accept.js';
import { bodyLimit } from './limits.js';
import { acceptedView } from './view.js';
import { type Wish, wishOf } from './wish.js';

/** Items under way at once. */
const AT_ONCE = 10;

const read = bodyReader(NewMessage);

/** Up to a hundred messages in one request; each is accepted or refused on its own. */
export function messageBatches(app: Api, deps: Deps): void {
  app.post(
    '/messages/batch',
    {
      bodyLimit: bodyLimit(deps.config),
      schema: {
        tags: ['Messages'],
        summary: 'Send up to 100 messages',
        body: NewMessages,
        response: { 202: BatchAccepted, ...refusals },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const asked = wishOf(request);
      const { messages } = request.body;
      const data = await inTurn(messages, (given, index) => {
        // No caller's key has a blank in it, so that items and single messages never meet.
        const wish = { ...asked, ...(key !== undefined && { key: `${key} ${index}` }) };
        return one(deps, given, index, wish);
      });
      const accepted = data.filter(({ message }) => message !== undefined).length;
      const meta = { received: data.length, accepted, refused: data.length - accepted };
      return reply.code(202).send({ data, meta });
    },
  );
}

async function one(deps: Deps, given: unknown, index: number, wish: Wish) {
  try {
    const request = read(given) as MessageRequest;
    const accepted = await acceptMessage(deps, request, wish);
    return { index, message: acceptedView(accepted, request, wish.key !== undefined) };
  } catch (error) {
    // A fault of ours is no fault of the item: the whole request fails and may be repeated under its key.
    if (!(error instanceof Failure) || FAILURES[error.code].status >= 500) throw error;
    const { code, message, errors } = error;
    return { index, error: { code, message, ...(errors !== undefined && { errors: { ...faultsIn(errors) } }) } };
  }
}

function faultsIn(errors: NonNullable<Failure['errors']>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(errors).map(([field, sentences]) => [field, [...sentences]]));
}

/** Results in the order of the items, a few of them under way at once. */
async function inTurn<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
