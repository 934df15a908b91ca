import type { paths } from './schema.js';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Operation<M extends Method, P extends keyof paths> = NonNullable<paths[P][M]>;
/** Paths that take this method. */
export type PathOf<M extends Method> = { [P in keyof paths]: paths[P][M] extends object ? P : never }[keyof paths];

type Parameters<O> = O extends { parameters: infer P } ? P : never;
type JsonBody<O> = O extends { requestBody?: { content: { 'application/json': infer B } } } ? B : never;
type Part<O, K extends 'path' | 'query'> = Parameters<O> extends { [N in K]?: infer V } ? V : never;

export interface Request<O> {
  readonly path?: Part<O, 'path'>;
  readonly query?: Part<O, 'query'>;
  readonly body?: JsonBody<O>;
  /** A body that is not JSON, such as a CSV file: sent as its own media type. */
  readonly file?: Blob;
  /** Made up where it is missing: give your own to repeat a POST that may have been done. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

type ContentOf<R> = R extends { content: { 'application/json': infer J } }
  ? J
  : R extends { content: Record<string, infer T> }
    ? T
    : undefined;
type Success = 200 | 201 | 202 | 204;
/** What an operation answers when it is done. */
export type Answer<O> = O extends { responses: infer R } ? ContentOf<R[keyof R & Success]> : never;

type Call<M extends Method> = <P extends PathOf<M>>(
  path: P,
  given?: Request<Operation<M, P>>,
) => Promise<Answer<Operation<M, P>>>;

export interface Refusal {
  readonly status: number;
  /** Never changes its meaning. */
  readonly code: string;
  readonly message: string;
  readonly errors?: Readonly<Record<string, readonly string[]>>;
  /** Seconds, where the answer says when to ask again. */
  readonly retryAfter?: number;
}

export class EverpostError extends Error {
  override readonly name = 'EverpostError';
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(`${refusal.status} ${refusal.code}: ${refusal.message}`);
    this.refusal = refusal;
  }
}

/** `everpost({ url, key }).post('/api/v1/lists', { body: { name: 'News' } })`: paths, fields and answers are checked by the compiler. */
export function everpost({ url, key }: { readonly url: string; readonly key: string }) {
  const ask = async (method: Method, path: string, given: Request<unknown> = {}): Promise<unknown> => {
    const filled = path.replace(/\{(\w+)\}/g, (_, name) =>
      encodeURIComponent(String((given.path as Record<string, unknown>)[name])),
    );
    const query = Object.entries(given.query ?? {}).flatMap(([name, value]) =>
      value == null ? [] : [[name, String(value)] as [string, string]],
    );
    const search = query.length === 0 ? '' : `?${new URLSearchParams(query)}`;
    const headers: Record<string, string> = { authorization: `Bearer ${key}` };
    if (method === 'post') headers['idempotency-key'] = given.idempotencyKey ?? crypto.randomUUID();
    if (given.body !== undefined) headers['content-type'] = 'application/json';
    const body = given.body === undefined ? given.file : JSON.stringify(given.body);
    const { signal = null } = given;
    const answer = await fetch(`${url}${filled}${search}`, { method: method.toUpperCase(), headers, body: body ?? null, signal });
    const json = answer.headers.get('content-type')?.startsWith('application/json') === true;
    const said = (json ? await answer.json() : await answer.text()) as { error?: Partial<Refusal> } | string;
    if (answer.ok) return answer.status === 204 ? undefined : said;
    const { code = 'unreadable', message = answer.statusText, errors } = typeof said === 'string' ? {} : { ...said.error };
    const wait = Number(answer.headers.get('retry-after') ?? 0);
    const more = { ...(errors && { errors }), ...(wait > 0 && { retryAfter: wait }) };
    throw new EverpostError({ status: answer.status, code, message, ...more });
  };
  const by = <M extends Method>(method: M) =>
    ((path: string, given?: Request<unknown>) => ask(method, path, given)) as unknown as Call<M>;
  return { get: by('get'), post: by('post'), put: by('put'), patch: by('patch'), delete: by('delete') };
}
