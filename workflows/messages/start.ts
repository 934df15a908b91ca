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

/** The options of a start. A start never fails because the workflow exists: a closed one runs again, a running one is used. */
export function startOptions<T extends { readonly account: number; readonly campaign?: number }>(start: Start<T>) {
  const { workflowId, taskQueue, input, kind, summary: staticSummary } = start;
  return {
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowId,
    taskQueue,
    args: [input] as [T],
    staticSummary,
    typedSearchAttributes: [
      { key: ACCOUNT, value: String(input.account) },
      ...(input.campaign === undefined ? [] : [{ key: CAMPAIGN, value: String(input.campaign) }]),
      { key: KIND, value: kind },
    ],
  };
}
