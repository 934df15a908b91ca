import { Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import type { Api } from '../app.js';
import type { Deps } from '../deps.js';
import { refusals } from '../schemas/envelope.js';

const Well = Type.Object({ status: Type.Literal('ok') });

const PATIENCE = 2_000;

/** `/health`: the process runs. `/ready`: it can also reach what it needs. */
export function health(app: Api, { store, engine }: Deps): void {
  app.get(
    '/health',
    { schema: { tags: ['Operations'], summary: 'Is the process up?', security: [], response: { 200: Well } } },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/ready',
    {
      schema: {
        tags: ['Operations'],
        summary: 'Can it reach MongoDB and Temporal?',
        security: [],
        response: { 200: Well, ...refusals },
      },
    },
    async () => {
      const [stored, driven] = await Promise.all([
        store.db.command({ ping: 1 }, { signal: AbortSignal.timeout(PATIENCE) }).then(yes, no),
        engine.reachable().catch(no),
      ]);
      if (stored && driven) return { status: 'ok' as const };
      const missing = [...(stored ? [] : ['MongoDB']), ...(driven ? [] : ['Temporal'])];
      throw new Failure('unavailable', undefined, `${missing.join(' and ')} cannot be reached.`);
    },
  );
}

const yes = () => true;
const no = () => false;
