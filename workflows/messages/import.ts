import { importWorkflowId, queuesOf } from '../names.js';
import { apiLink, type StartSettings, startOptions } from './start.js';

export interface ImportInput {
  readonly account: number;
  readonly import: number;
}

export const IMPORT_TYPE = 'subscriberImport';

export function importStart(settings: StartSettings, input: ImportInput, list: number) {
  return startOptions<ImportInput>({
    workflowId: importWorkflowId(input.import),
    taskQueue: queuesOf(settings.prefix).workflows,
    input,
    kind: 'import',
    summary: `Import ${input.import} into list ${list}`,
    details: apiLink(settings, `/imports/${input.import}`),
  });
}
