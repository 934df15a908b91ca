import { FAILURES, Failure } from '../../../domain/errors.js';
import type { MessageRequest } from '../../../domain/message/message.js';
import { type AcceptOptions, acceptMessage } from '../../../services/accept-message.js';
import type { Api } from '../../api.js';
import { keyOf } from '../../hooks/idempotency.js';
import { bodyReader } from '../../hooks/validation.js';
import { refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import { acceptOptionsOf, bodyLimit } from './routes.js';
import { NewMessage, NewMessages } from './schema.js';
import { acceptedView } from './view.js';
import { BatchAccepted } from './view-schema.js';

/** Items accepted at the same time: as many as one insert and one start take. */
const CONCURRENCY = 200;

const read = bodyReader(NewMessage);

/** Up to a thousand messages in one request; each is accepted or refused on its own. */
export function messageBatches(app: Api, deps: Deps): void {
  app.post(
    '/messages/batch',
    {
      bodyLimit: bodyLimit(deps.config),
      schema: {
        tags: ['Messages'],
        summary: 'Send up to 1,000 messages',
        body: NewMessages,
        response: { 202: BatchAccepted, ...refusals },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { messages } = request.body;
      const data = await mapWithLimit(messages, (given, index) => {
        // A caller's key contains no blank, so the key of an item never equals that of a single message.
        const options = acceptOptionsOf(request, key === undefined ? undefined : `${key} ${index}`);
        return acceptItem(deps, given, index, options);
      });
      const accepted = data.filter(({ message }) => message !== undefined).length;
      const meta = { received: data.length, accepted, refused: data.length - accepted };
      return reply.code(202).send({ data, meta });
    },
  );
}

async function acceptItem(deps: Deps, given: unknown, index: number, options: AcceptOptions) {
  try {
    const request = read(given) as MessageRequest;
    const accepted = await acceptMessage(deps, request, options);
    return { index, message: acceptedView(accepted, options.key) };
  } catch (error) {
    // An outage is not the fault of an item: the whole request fails and may be repeated under its key.
    if (!(error instanceof Failure) || FAILURES[error.code].status >= 500) throw error;
    const { code, message, errors } = error;
    return { index, error: { code, message, ...(errors !== undefined && { errors: { ...faultsIn(errors) } }) } };
  }
}

function faultsIn(errors: NonNullable<Failure['errors']>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(errors).map(([field, sentences]) => [field, [...sentences]]));
}

/** Results in the order of the items, with at most CONCURRENCY running; after an error no further item begins. */
async function mapWithLimit<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  let hasFailed = false;
  const worker = async () => {
    for (const [index, item] of queue) {
      if (hasFailed) return;
      try {
        results[index] = await work(item, index);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(items.length, CONCURRENCY) }, worker));
  return results;
}
