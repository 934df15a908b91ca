import { freePort } from '../../../servers/ports.js';
import { until } from '../until.js';
import type { Child } from './child.js';
import { type ApiPlan, KEY } from './plan.js';
import type { TestCluster } from './test-cluster.js';

/** Time limit of one caller; an API starts slowly on a busy machine. */
const LIMIT = 600_000;

export type Posting = Awaited<ReturnType<typeof postingTo>>;

/** A request and its idempotency key. */
export interface Post {
  readonly key: string;
  readonly body: object;
}

/** An API process of the cluster, and callers that repeat a post under its key until it is accepted. */
export async function postingTo(cluster: TestCluster, over: Partial<ApiPlan> = {}) {
  const authorization = `Bearer ${KEY}`;
  let { api, url } = await started(cluster, over);
  let successor: { api: Child; url: string } | undefined;
  let repeated = 0;

  /** The id under which it was accepted; undefined where there was no answer, or one that asks to come again. */
  const once = async ({ key, body }: Post): Promise<string | undefined> => {
    const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': key };
    const request = fetch(`${url}/messages`, { method: 'POST', headers, body: JSON.stringify(body) });
    const response = await request
      .then(async (given) => ({ status: given.status, text: await given.text() }))
      .catch(() => null);
    // The claim of an API that was killed may have been written behind its end.
    if (response?.status === 409) await freeKeys(cluster);
    if (response?.status === 202) return (JSON.parse(response.text) as { data: { id: string } }).data.id;
    repeated += 1;
    if (response === null || response.status === 409 || response.status >= 500) return undefined;
    throw new Error(`${key} was answered with ${response.status}: ${response.text}`);
  };

  const postUntilAccepted = async (post: Post): Promise<string> => {
    let id: string | undefined;
    await until(async () => {
      id = await once(post);
      return id !== undefined;
    }, LIMIT);
    return id ?? '';
  };

  return {
    insisting: postUntilAccepted,
    /** Requests that were not answered with an id. */
    repeated: () => repeated,
    /** Posts all of them, `atOnce` at a time; calls `answered` after each response. Returns ids by key. */
    all: async (posts: readonly Post[], atOnce: number, answered: (count: number) => void = () => undefined) => {
      const ids = new Map<string, string>();
      const queue = posts.values();
      const oneByOne = async () => {
        for (const post of queue) {
          ids.set(post.key, await postUntilAccepted(post));
          answered(ids.size);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, oneByOne));
      return ids;
    },
    /** Posts all of them in one batch. Returns ids by the keys of their rows. */
    batch: async (key: string, posts: readonly Post[]): Promise<Map<string, string>> => {
      const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': key };
      const body = JSON.stringify({ messages: posts.map((post) => post.body) });
      const response = await fetch(`${url}/messages/batch`, { method: 'POST', headers, body });
      const { data } = (await response.json()) as { data: { index: number; message: { id: string } }[] };
      return new Map(data.map(({ index, message }) => [`${key} ${index}`, message.id]));
    },
    /** Ids of all messages in a state, page by page, as a caller finds them. */
    listed: async (state: string): Promise<string[]> => {
      const found: string[] = [];
      for (let next: string | null = ''; next !== null; ) {
        const response = await fetch(`${url}/messages?limit=100&state=${state}${next === '' ? '' : `&after=${next}`}`, {
          headers: { authorization },
        });
        const page = (await response.json()) as { data: { id: string }[]; meta: { next: string | null } };
        found.push(...page.data.map(({ id }) => id));
        next = page.meta.next;
      }
      return found;
    },
    /** Starts a second API; the first goes on answering until it is killed. */
    prepareSuccessor: async () => {
      successor = await started(cluster, over);
    },
    /** Kills the API during requests; the keys it had claimed are released at once instead of after a minute. */
    killApi: async () => {
      if (successor === undefined) throw new Error('there is no other API to go on with');
      await api.end('SIGKILL');
      await freeKeys(cluster);
      ({ api, url } = successor);
      successor = undefined;
    },
  };
}

/** Releases the keys that dead processes had claimed; no key here is used twice at the same time. */
async function freeKeys({ store }: TestCluster): Promise<void> {
  await store.db.collection('stored_responses').updateMany({ state: 'in_flight' }, { $set: { since: new Date(0) } });
}

async function started(cluster: TestCluster, over: Partial<ApiPlan>): Promise<{ api: Child; url: string }> {
  const port = await freePort(0);
  return { api: await cluster.api(port, over), url: `http://127.0.0.1:${port}/api/v1` };
}

/** A mail to a reader of its own. */
export function aPost(n: number, over: object = {}): Post {
  const body = { from: 'codes@example.test', to: `caller${n}@example.test`, subject: `Code ${n}`, text: `It is ${n}` };
  return { key: `code-${n}`, body: { ...body, ...over } };
}
