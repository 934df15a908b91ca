import type { Api } from '../api.js';

interface KnownRoute {
  readonly pattern: RegExp;
  readonly url: string;
  readonly methods: readonly string[];
}

const known = new WeakMap<object, KnownRoute[]>();

/** Records every registered route, so that a wrong method can be distinguished from a wrong path. */
export function recordRoutes(app: Api): void {
  const routes: KnownRoute[] = [];
  known.set(app.server, routes);
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ pattern: patternOf(url), url, methods: [method].flat() });
  });
}

export function knownRoutes(app: Api): readonly { readonly method: string; readonly url: string }[] {
  return (known.get(app.server) ?? []).flatMap(({ url, methods }) => methods.map((method) => ({ method, url })));
}

/** The methods of a concrete path; empty where the path is unknown. */
export function methodsAt(app: Pick<Api, 'server'>, path: string): string[] {
  const hits = (known.get(app.server) ?? []).filter(({ pattern }) => pattern.test(path));
  return [...new Set(hits.flatMap(({ methods }) => methods))].sort();
}

function patternOf(url: string): RegExp {
  const source = url
    .replace(/\/$/, '')
    .split('/')
    .map((part) => (part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source}/?$`);
}
