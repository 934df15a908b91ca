import type { Failure } from '../../domain/errors.js';
import type { Api } from '../api.js';
import type { Credentials } from '../hooks/auth.js';
import type { Deps } from '../wiring.js';

/** How a refusal reads in a dialect. */
export interface RefusalResponse {
  readonly status: number;
  readonly body: object;
}

/** The API of somebody else: its requests are translated into calls that native routes make, and back. No rule is in it. */
export interface Dialect {
  /** Below each of these only this dialect is spoken. */
  readonly prefixes: readonly string[];
  readonly credentials: Credentials;
  /** Requests that one address may make in a second, whatever keys it has. */
  readonly perSecondAndAddress?: number;
  /** `status` is the native one. */
  readonly toRefusal: (failure: Failure, status: number) => RefusalResponse;
  /** Registers what lies below a prefix. */
  readonly routes: (api: Api, deps: Deps, prefix: string) => void;
}
