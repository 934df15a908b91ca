import { Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import { storeResponds } from '../../store/mongo/responds.js';
import type { Api } from '../api.js';
import { refusals } from '../schema/envelope.js';
import type { Deps } from '../wiring.js';

const Healthy = Type.Object({ status: Type.Literal('ok') });
const Ready = Type.Object({ status: Type.Literal('ok'), temporal: Type.Enum(['reachable', 'unreachable']) });

const PING_TIMEOUT_MS = 2_000;

/**
 * `/health`: the process runs. `/ready`: it can accept requests, which needs MongoDB only: mail accepted while Temporal is
 * down is sent when it is back.
 */
export function health(app: Api, { store, engine }: Deps): void {
  app.get(
    '/health',
    {
      schema: {
        tags: ['Operations'],
        summary: 'Check that the process runs',
        security: [],
        response: { 200: Healthy },
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/ready',
    {
      schema: {
        tags: ['Operations'],
        summary: 'Check that the server accepts requests, and whether Temporal is reachable',
        security: [],
        response: { 200: Ready, ...refusals },
      },
    },
    async () => {
      const [stored, driven] = await Promise.all([storeResponds(store, PING_TIMEOUT_MS), engine.reachable().catch(no)]);
      if (!stored) throw new Failure('unavailable', undefined, 'MongoDB cannot be reached.');
      return { status: 'ok' as const, temporal: driven ? ('reachable' as const) : ('unreachable' as const) };
    },
  );
}

const no = () => false;
