import { ACCOUNT, CAMPAIGN, KIND } from '../names.js';

export interface RunLength {
  /** Tests only: a run continues as a new one after this many events. */
  readonly longestHistory?: number;
}

interface Start<T> {
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly input: T;
  readonly kind: string;
  readonly summary: string;
}

/** The search attributes of one account and one campaign; absent where the workflow serves several. */
interface Owner {
  readonly account?: number | undefined;
  readonly campaign?: number;
}

/** The options of a start. A start never fails because the workflow exists: a closed one runs again, a running one is used. */
export function startOptions<T extends Owner & { readonly account: number }>(start: Start<T>) {
  return startOptionsFor(start.input, start);
}

/** The same for an input that does not name its owner. */
export function startOptionsFor<T>({ account, campaign }: Owner, start: Start<T>) {
  const { workflowId, taskQueue, input, kind, summary: staticSummary } = start;
  return {
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowId,
    taskQueue,
    args: [input] as [T],
    staticSummary,
    typedSearchAttributes: [
      ...(account === undefined ? [] : [{ key: ACCOUNT, value: String(account) }]),
      ...(campaign === undefined ? [] : [{ key: CAMPAIGN, value: String(campaign) }]),
      { key: KIND, value: kind },
    ],
  };
}
