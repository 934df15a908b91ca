import type { Db } from 'mongodb';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Api } from '../../../api/api.js';
import { buildApp } from '../../../api/app.js';
import type { Deps } from '../../../api/wiring.js';
import { recentReads } from '../../../store/requests/recent-reads.js';
import { anApi, type TestApi } from '../../support/api/api.js';
import { MAIL } from '../../support/api/messages.js';
import { until } from '../../support/until.js';

const LONG = 600_000;

let api: TestApi;
beforeAll(async () => {
  api = await anApi({}, { readsKeptFor: LONG });
});
afterAll(() => api.close());

const others: Api[] = [];
afterEach(async () => {
  await Promise.all(others.splice(0).map((app) => app.close()));
});

/** Another process of the API on the same store. */
async function anotherProcess(deps: Partial<Deps>): Promise<Api> {
  const app = await buildApp({ ...api.deps, ...deps });
  others.push(app);
  return app;
}

const listening = async (deps: Partial<Deps>): Promise<Api> => {
  const app = await anotherProcess(deps);
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app;
};

const issued = async () => {
  const { key, secret } = await api.deps.keys.issue(api.account, 'To be revoked');
  return { id: key._id, secret };
};
const status = async (app: Api, secret: string) =>
  (await app.inject({ url: '/api/v1/lists', headers: { authorization: `Bearer ${secret}` } })).statusCode;
const send = (app: Api, secret = api.key) =>
  app.inject({
    method: 'POST',
    url: '/api/v1/messages',
    headers: { authorization: `Bearer ${secret}` },
    payload: { ...MAIL, to: 'bo@example.org' },
  });

test('requests share the read of their key, also across sent messages', async () => {
  let reads = 0;
  const findBySecret = (secret: string) => {
    reads += 1;
    return api.deps.keys.findBySecret(secret);
  };
  const app = await anotherProcess({ keys: { ...api.deps.keys, findBySecret } });
  const { secret } = await issued();
  const answers = await Promise.all([send(app, secret), send(app, secret)]);
  answers.push(await send(app, secret));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202, 202]);
  expect(reads).toBe(1);
});

test('the process that revoked a key refuses it at once', async () => {
  const { id, secret } = await issued();
  expect(await status(api.app, secret)).toBe(200);
  expect((await api.call(`DELETE /api/v1/keys/${id}`)).statusCode).toBe(204);
  expect(await status(api.app, secret)).toBe(401);
});

test('a read that was under way when a key was revoked is not kept', async () => {
  const { id, secret } = await issued();
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const { stores, forget } = recentReads(
    api.store,
    {
      ...api.deps,
      keys: {
        ...api.deps.keys,
        findBySecret: async (given) => {
          const found = await api.deps.keys.findBySecret(given);
          await answered;
          return found;
        },
      },
    },
    LONG,
  );
  const before = stores.keys.findBySecret(secret);
  await api.deps.keys.revoke(api.account, id);
  forget();
  answer();
  await before;
  expect(await stores.keys.findBySecret(secret)).toMatchObject({ state: 'revoked' });
});

test('another process refuses a revoked key once its change stream reports a change', async () => {
  const { id, secret } = await issued();
  const other = await listening({});
  expect(await status(other, secret)).toBe(200);
  await api.call(`DELETE /api/v1/keys/${id}`);
  await until(async () => {
    // The stream reports changes from its opening on, which may be after the revocation.
    await issued();
    return (await status(other, secret)) === 401;
  });
});

test('without a change stream another process refuses a revoked key after the time of its read', async () => {
  const { id, secret } = await issued();
  const other = await anotherProcess({ readsKeptFor: 400 });
  expect(await status(other, secret)).toBe(200);
  await api.call(`DELETE /api/v1/keys/${id}`);
  await until(async () => (await status(other, secret)) === 401);
});

test('what does not exist is not kept: a key of another process is accepted at once', async () => {
  const other = await anotherProcess({});
  const secret = `evp_${'0'.repeat(40)}`;
  expect(await status(other, secret)).toBe(401);
  await api.deps.keys.accept(api.account, 'Chosen', secret);
  expect(await status(other, secret)).toBe(200);
});

/** The store whose first change streams fail, as often as given. */
function withFailingStreams(failures: number): Pick<Deps, 'store'> & { readonly opened: () => number } {
  let opened = 0;
  const watch: Db['watch'] = (pipeline, options) => {
    opened += 1;
    return api.store.db.watch(opened > failures ? pipeline : [{ $noSuchStage: 1 }], options);
  };
  const db = new Proxy(api.store.db, {
    get: (of, name) => {
      const value: unknown = name === 'watch' ? watch : Reflect.get(of, name);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
  return { store: { ...api.store, db }, opened: () => opened };
}

test('while the change stream fails, the time of a read alone holds', async () => {
  const { id, secret } = await issued();
  const { store, opened } = withFailingStreams(Number.POSITIVE_INFINITY);
  const other = await listening({ store, readsKeptFor: 400 });
  await until(() => opened() > 1);
  expect(await status(other, secret)).toBe(200);
  await api.call(`DELETE /api/v1/keys/${id}`);
  await until(async () => (await status(other, secret)) === 401);
});

test('a change stream that failed is opened again', async () => {
  const { store, opened } = withFailingStreams(1);
  let reads = 0;
  const find: Deps['accounts']['find'] = (id) => {
    reads += 1;
    return api.deps.accounts.find(id);
  };
  const { stores, watch } = recentReads(store, { ...api.deps, accounts: { ...api.deps.accounts, find } }, LONG);
  const end = watch();
  await until(() => opened() === 2);
  const before = reads;
  await until(async () => {
    await api.deps.accounts.change(api.account, { name: `Name ${Math.random()}` });
    await stores.accounts.find(api.account);
    return reads > before + 1;
  });
  await end();
});
