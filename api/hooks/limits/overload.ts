import underPressure from '@fastify/under-pressure';
import { Failure } from '../../../domain/errors.js';
import type { Api } from '../../api.js';
import type { Deps } from '../../wiring.js';

/** Who asks whether we are well is always answered: a probe must not mistake a busy process for a dead one. */
const PROBES = /^\/(health|ready|metrics)$/;

/** While the process lags behind, requests are turned away at once: they would only wait, and make the others wait longer. */
export async function refuseWhenOverloaded(app: Api, { config }: Pick<Deps, 'config'>): Promise<void> {
  const { maxLoopDelay } = config.http;
  if (maxLoopDelay === 0) return;
  await app.register(underPressure, {
    maxEventLoopDelay: maxLoopDelay,
    sampleInterval: 500,
    pressureHandler: (request, _reply, _type, delay) => {
      // Nothing was measured yet: that is no overload.
      if (!Number.isFinite(delay)) return;
      if (!PROBES.test(request.routeOptions.url ?? '')) throw new Failure('overloaded');
    },
  });
}
