import { ACCOUNT, CAMPAIGN, KIND, PHASE } from '../names.js';

export interface RunLength {
  /** Tests only: a run continues as a new one after this many events. */
  readonly longestHistory?: number;
}

/** What every start needs to know of the installation. */
export interface StartSettings {
  /** Prefix of the installation's queues. */
  readonly prefix: string;
  /** Base of the addresses that the Temporal UI shows: that of the API. */
  readonly publicUrl: string;
}

interface Start<T> {
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly input: T;
  readonly kind: string;
  /** One line of Markdown, at most 200 bytes; names of accounts only as `nameForOperators` makes them. */
  readonly summary: string;
  /** Markdown. */
  readonly details: string;
  /** The state with which the workflow starts; absent: it shows none. */
  readonly phase?: string;
}

/** The search attributes of one account and one campaign; absent where the workflow serves several. */
interface Owner {
  readonly account?: number | undefined;
  readonly campaign?: number;
}

/** A link to an object of the API. It needs a key, so a browser shows an error of authentication. */
export function apiLink({ publicUrl }: Pick<StartSettings, 'publicUrl'>, path: string): string {
  return `API: [${path}](${publicUrl}/api/v1${path})`;
}

/** The options of a start. A start never fails because the workflow exists: a closed one runs again, a running one is used. */
export function startOptions<T extends Owner & { readonly account: number }>(start: Start<T>) {
  return startOptionsFor(start.input, start);
}

/** The same for an input that does not name its owner. */
export function startOptionsFor<T>(owner: Owner, start: Start<T>) {
  const { workflowId, taskQueue, input, summary: staticSummary, details: staticDetails } = start;
  return {
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowId,
    taskQueue,
    args: [input] as [T],
    staticSummary,
    staticDetails,
    typedSearchAttributes: attributesOf({ ...owner, ...start }),
  };
}

interface Attributes extends Owner {
  readonly kind: string;
  readonly phase?: string;
}

export function attributesOf({ account, campaign, kind, phase }: Attributes) {
  return [
    ...(account === undefined ? [] : [{ key: ACCOUNT, value: String(account) }]),
    ...(campaign === undefined ? [] : [{ key: CAMPAIGN, value: String(campaign) }]),
    { key: KIND, value: kind },
    ...(phase === undefined ? [] : [{ key: PHASE, value: phase }]),
  ];
}
