import underPressure from '@fastify/under-pressure';
import { Failure } from '../../../domain/errors.js';
import type { Api } from '../../api.js';
import type { Deps } from '../../wiring.js';

/** Health probes are always answered: a busy process must not look like a dead one. */
const PROBES = /^\/(health|ready|metrics)$/;

/** Refuses requests while the event loop lags: queued requests would slow down all others. */
export async function refuseWhenOverloaded(app: Api, { config }: Pick<Deps, 'config'>): Promise<void> {
  const { maxLoopDelay } = config.http;
  if (maxLoopDelay === 0) return;
  await app.register(underPressure, {
    maxEventLoopDelay: maxLoopDelay,
    sampleInterval: 500,
    pressureHandler: (request, _reply, _type, delay) => {
      // No measurement yet: not overloaded.
      if (!Number.isFinite(delay)) return;
      if (!PROBES.test(request.routeOptions.url ?? '')) throw new Failure('overloaded');
    },
  });
}
