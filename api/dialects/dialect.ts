import type { Failure } from '../../domain/errors.js';
import type { Api } from '../api.js';
import type { Credentials } from '../hooks/auth.js';
import type { Deps } from '../wiring.js';

/** An error response in the form of a dialect. */
export interface RefusalResponse {
  readonly status: number;
  readonly body: object;
}

/** The API of another product: its requests are translated into the calls of native routes. It has no rules of its own. */
export interface Dialect {
  /** Paths below each of these belong to this dialect only. */
  readonly prefixes: readonly string[];
  readonly credentials: Credentials;
  /** Requests a second from one IP address, over all its keys. */
  readonly perSecondAndAddress?: number;
  /** `status` is the native one. */
  readonly toRefusal: (failure: Failure, status: number) => RefusalResponse;
  /** Registers the routes below a prefix. */
  readonly routes: (api: Api, deps: Deps, prefix: string) => void;
}
