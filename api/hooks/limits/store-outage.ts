import type { FastifyReply, FastifyRequest } from 'fastify';
import { monotonic } from '../../../clock.js';
import { Failure } from '../../../domain/errors.js';
import { storeResponds } from '../../../store/mongo/responds.js';
import type { Api } from '../../api.js';
import type { Deps } from '../../wiring.js';
import { TIME_LIMITS } from './time-limits.js';

/** Milliseconds between checks of the open requests. */
const INTERVAL = 500;

const unanswered = new WeakSet<FastifyRequest>();

/** The request was answered with 503 because MongoDB does not respond: nothing may be written before its answer. */
export function isCutOff(request: FastifyRequest): boolean {
  return unanswered.has(request);
}

interface Waiting {
  readonly reply: FastifyReply;
  /** Checked again from this time on. */
  due: number;
}

/**
 * Answers 503 to requests that wait for a MongoDB which does not respond, such as a frozen one: the driver itself would wait
 * for minutes. A request that waits for something else (an upload, a model, a mail server) goes on, because MongoDB is asked
 * first. Responses that have begun are not touched. The outcome of what was asked for is unknown, as after any 503.
 */
export function answerWithoutStore(
  app: Api,
  { store, timeLimits: { answer, storePing } = TIME_LIMITS }: Pick<Deps, 'store' | 'timeLimits'>,
): void {
  if (answer === 0) return;
  const open = new Map<FastifyRequest, Waiting>();
  let probing = false;
  const overdue = () => [...open].filter(([, { due }]) => due <= monotonic());
  const check = async () => {
    if (probing || overdue().length === 0) return;
    probing = true;
    const responds = await storeResponds(store, storePing);
    probing = false;
    for (const [request, waiting] of overdue()) {
      waiting.due = monotonic() + answer;
      if (responds || waiting.reply.sent) continue;
      unanswered.add(request);
      waiting.reply.send(new Failure('unavailable'));
    }
  };
  const timer = setInterval(() => void check(), INTERVAL).unref();
  app.addHook('onRequest', async (request, reply) => {
    open.set(request, { reply, due: monotonic() + answer });
    reply.raw.once('close', () => open.delete(request));
  });
  app.addHook('onClose', async () => clearInterval(timer));
}
