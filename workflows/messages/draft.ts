import { draftWorkflowId, queuesOf } from '../names.js';
import { startOptions } from './start.js';

export interface DraftInput {
  readonly account: number;
  readonly campaign: number;
  /** Number of the version. */
  readonly n: number;
}

export const DRAFT_TYPE = 'draft';

export function draftStart(prefix: string, input: DraftInput) {
  return startOptions<DraftInput>({
    workflowId: draftWorkflowId(input.campaign, input.n),
    taskQueue: queuesOf(prefix).workflows,
    input,
    kind: 'draft',
    summary: `Draft ${input.n} of campaign ${input.campaign} of account ${input.account}`,
  });
}
