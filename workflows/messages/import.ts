import { importWorkflowId, queuesOf } from '../names.js';
import { startOptions } from './start.js';

export interface ImportInput {
  readonly account: number;
  readonly import: number;
}

export const IMPORT_TYPE = 'subscriberImport';

export function importStart(prefix: string, input: ImportInput) {
  return startOptions<ImportInput>({
    workflowId: importWorkflowId(input.import),
    taskQueue: queuesOf(prefix).workflows,
    input,
    kind: 'import',
    summary: `Import ${input.import} of account ${input.account}`,
  });
}
