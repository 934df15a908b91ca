import { blocksOf, curlLinesOf } from '../documents.js';
import { type SampleValues, substituted } from '../substitutions.js';
import type { Sample } from './sample.js';

const [, LISTS, SUBSCRIBERS, , , BATCH, TEMPLATES, CAMPAIGN] = blocksOf('maily').map((block) => JSON.parse(block));
const ONE = { data: SUBSCRIBERS.data[0] };
/** A subscriber without a name; a campaign that was not sent, with the default template. */
const EMPTY = ['first_name', 'preheader', 'template_id', 'sent_at'];

/** What the document says of each of its curl lines, in their order. */
const SHOWN: readonly (readonly [name: string, statuses: readonly number[], shape?: unknown])[] = [
  ['list all lists', [200], LISTS],
  ['list subscribers', [200], SUBSCRIBERS],
  ['create a subscriber', [201, 200], ONE],
  ['batch upsert', [200], BATCH],
  ['unsubscribe', [204]],
  ['create a campaign by AI and send it', [201], CAMPAIGN],
  ['create a campaign from HTML for later', [201], CAMPAIGN],
];

/** Routes whose answer the document shows without a line that asks for it. */
const WITHOUT_REQUEST: readonly (readonly [name: string, path: string, shape: unknown])[] = [
  ['list templates', '/templates', TEMPLATES],
  ['retrieve a campaign', '/campaigns/1', CAMPAIGN],
];

export function mailySamples(values: SampleValues): Sample[] {
  const lines = curlLinesOf('maily').map((line, at): Sample => {
    const [name = line, statuses = [], shape] = SHOWN[at] ?? [];
    return {
      document: 'maily',
      name,
      line: substituted(line, values),
      statuses,
      empty: EMPTY,
      ...(shape !== undefined && { shape }),
    };
  });
  const headers = { authorization: `Bearer ${values.key}` };
  const withoutRequest = WITHOUT_REQUEST.map(([name, path, shape]): Sample => {
    const request = { method: 'GET', url: `${values.url}/api/v1${path}`, headers };
    return { document: 'maily', name, request, statuses: [200], shape, empty: EMPTY };
  });
  return [...lines, ...withoutRequest];
}
