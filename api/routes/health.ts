import { type Static, Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import { OWN_SERVERS, type ServerOutage } from '../../domain/servers/restarts.js';
import { within } from '../../domain/within.js';
import { storeResponds } from '../../store/mongo/responds.js';
import type { Api } from '../api.js';
import { refusals } from '../schema/envelope.js';
import { nullable, Timestamp } from '../schema/fields.js';
import { timestamp, timestampOrNull } from '../timestamp.js';
import type { Deps } from '../wiring.js';

const Healthy = Type.Object({ status: Type.Literal('ok') });
const ANSWERS = ['reachable', 'unreachable', 'no_answer'] as const;
type Answer = (typeof ANSWERS)[number];

/** Milliseconds until `/ready` responds without the answer of a server: probes often give up after a second. */
const ANSWER_MS = 400;
/** Milliseconds until MongoDB counts as unreachable. */
const PING_MS = 2_000;

const Restarting = Type.Object({
  server: Type.Enum([...OWN_SERVERS]),
  since: Timestamp,
  next_try: nullable(Timestamp),
  detail: Type.String({ description: 'Why it does not run.' }),
});

const Ready = Type.Object({
  status: Type.Literal('ok'),
  temporal: Type.Enum([...ANSWERS], { description: `\`no_answer\`: none within ${ANSWER_MS} ms.` }),
  restarting: Type.Optional(
    Type.Array(Restarting, {
      description:
        'Servers of `everpost start` that have ended and are started again. `next_try` is null while a start is under way.',
    }),
  ),
});

/**
 * `/health`: the process runs. `/ready`: it can accept requests, which needs MongoDB only: mail accepted while Temporal is
 * down is sent when it is back. Both respond within half a second, whatever is down.
 */
export function health(app: Api, { store, engine, ownServers }: Deps): void {
  const askMongo = shared(() => storeResponds(store, PING_MS));
  const askTemporal = shared(() => engine.reachable());

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
      const outages = ownServers?.outages() ?? [];
      const ownMongo = outages.find(({ server }) => server === 'mongodb');
      if (ownMongo !== undefined) throw new Failure('unavailable', undefined, sentenceOf(ownMongo));
      const [mongodb, temporal] = await Promise.all([answerInTime(askMongo()), answerInTime(askTemporal())]);
      if (mongodb !== 'reachable') throw new Failure('unavailable', undefined, MONGODB_IS[mongodb]);
      return { status: 'ok' as const, temporal, ...(outages.length > 0 && { restarting: outages.map(viewOf) }) };
    },
  );
}

const MONGODB_IS = {
  unreachable: 'MongoDB cannot be reached.',
  no_answer: `MongoDB did not answer within ${ANSWER_MS} ms.`,
} as const satisfies Record<Exclude<Answer, 'reachable'>, string>;

function sentenceOf({ since, nextTry, detail }: ServerOutage): string {
  const next = nextTry === null ? 'It is being started' : `It is started again at ${timestamp(nextTry)}`;
  return `MongoDB has been down since ${timestamp(since)}: ${detail}. ${next}.`;
}

function viewOf({ server, since, nextTry, detail }: ServerOutage): Static<typeof Restarting> {
  return { server, since: timestamp(since), next_try: timestampOrNull(nextTry), detail };
}

function answerInTime(reached: Promise<boolean>): Promise<Answer> {
  const answer = reached.then<Answer, Answer>(
    (yes) => (yes ? 'reachable' : 'unreachable'),
    () => 'unreachable',
  );
  return within(ANSWER_MS, answer, 'no_answer');
}

/** At most one call is under way: callers that come meanwhile get its result. */
function shared<T>(call: () => Promise<T>): () => Promise<T> {
  let open: Promise<T> | undefined;
  return () => {
    open ??= call().finally(() => {
      open = undefined;
    });
    return open;
  };
}
