import { LONGEST_ROW } from '../../activities/subscriber/csv-chunks.js';
import { LONGEST_BODY } from '../../api/routes/campaigns/schema.js';
import { LONGEST_SOURCE } from '../../api/routes/templates/schema.js';
import { MOST_COLUMNS } from '../../domain/import/columns.js';
import { LONGEST_CELL } from '../../domain/import/row-reading.js';
import { MOST_LEVELS } from '../../domain/json.js';
import { LIGHT_LIMITS, MESSAGE_LIMITS, RECIPIENT_LIMITS, type RenderLimits } from '../../mail/liquid/budget.js';
import { LIGHT_SOURCE, MOST_LINKS, SOURCE_LIMITS, type SourceLimits } from '../../mail/liquid/complexity.js';
import { MOST_ELEMENTS, MOST_MATCHES, MOST_MJML_ELEMENTS, MOST_NESTED } from '../../mail/render/bounds.js';
import { RENDER_LIMITS, RENDER_MEGABYTES } from '../../mail/render/pool.js';
import { LIGHT_HTML, LIGHT_TAGS, LIGHT_TEXT, TASK_LIMITS, TASK_MEGABYTES } from '../../mail/tasks/text-tasks.js';
import { MAX_CONTEXT_BYTES } from '../../services/message/template-body.js';
import { LONGEST_DOCUMENT } from '../../web/document.js';
import { FEED_LIMITS } from '../../web/feed/structure.js';
import { type Page, page, table } from './page.js';

const number = (value: number) => value.toLocaleString('en-US');

/** What a request, a document or a file may have; more is refused with 413 or 422, or reported as a row at fault. */
const SIZES: readonly (readonly [string, number, string])[] = [
  ['HTML body or text part of a campaign or message', LONGEST_BODY, 'characters'],
  ['source of a template in one language', LONGEST_SOURCE, 'characters'],
  ['body of a newsletter template', LONGEST_SOURCE, 'characters'],
  ['`context` of a message', MAX_CONTEXT_BYTES, 'bytes of JSON'],
  ['levels of a JSON document', MOST_LEVELS, 'objects and lists'],
  ['feed or JSON document that a newsletter reads', LONGEST_DOCUMENT, 'bytes'],
  ['elements of a feed', FEED_LIMITS.elements, 'elements'],
  ['elements of a feed inside each other', FEED_LIMITS.nested, 'elements'],
  ['attributes of an element of a feed', FEED_LIMITS.attributes, 'attributes'],
  ['row of a CSV file', LONGEST_ROW, 'bytes'],
  ['cell of a CSV file', LONGEST_CELL, 'bytes'],
  ['columns of a CSV file', MOST_COLUMNS, 'columns'],
  ['links of a letter', MOST_LINKS, 'links'],
  ['elements of a letter', MOST_ELEMENTS, 'elements'],
  ['elements of an MJML source', MOST_MJML_ELEMENTS, 'elements'],
  ['elements inside each other', MOST_NESTED, 'elements'],
  ['selectors of its style sheets, multiplied by its elements', MOST_MATCHES, 'comparisons'],
];

const SOURCE_ROWS: readonly (readonly [string, keyof SourceLimits])[] = [
  ['tags', 'tags'],
  ['characters of one tag', 'length'],
  ['names, operators and strings of one tag', 'words'],
  ['characters of all tags', 'allLength'],
  ['names, operators and strings of all tags', 'allWords'],
  ['blocks inside each other', 'depth'],
];

const RENDER_ROWS: readonly (readonly [string, keyof RenderLimits])[] = [
  ['steps: tags, variables, filters, comparisons, turns of a loop', 'steps'],
  ['characters and elements that filters read and make', 'size'],
  ['elements of lists that are made', 'memory'],
  ['characters printed', 'output'],
  ['lists inside lists', 'depth'],
];

const THREADS = [
  ['rendering: MJML, HTML, styles, checks', RENDER_LIMITS, RENDER_MEGABYTES],
  ['short tasks: Liquid, previews, text parts', TASK_LIMITS, TASK_MEGABYTES],
] as const;

/** Every limit of text that others write. */
export function limitsPage(): Page {
  const source = 'the constants in `mail/liquid`, `mail/render`, `mail/tasks` and the request schemas';
  return page('limits', source, 'Limits of content', ...introduction(), ...liquidTables(), ...threadTable());
}

function introduction(): readonly string[] {
  return [
    'Templates, letters, documents and files come from others. Each has a size that is known before work on it begins. Requests beyond a limit are answered with 413 or 422; the error names the limit.',
    '## Sizes',
    table(
      ['what', 'at most', 'unit'],
      SIZES.map(([what, most, unit]) => [what, number(most), unit]),
    ),
  ];
}

function liquidTables(): readonly string[] {
  const renderings = [LIGHT_LIMITS, RECIPIENT_LIMITS, MESSAGE_LIMITS];
  return [
    '## Liquid as written',
    'Beyond the first column, the work is done in a thread; beyond the second, it is refused with `template_too_complex` or `validation_failed`.',
    table(
      ['of one field', 'event loop', 'at all'],
      SOURCE_ROWS.map(([what, key]) => [what, number(Number(LIGHT_SOURCE[key])), number(Number(SOURCE_LIMITS[key]))]),
    ),
    '## Liquid when it is rendered',
    'The limits are counts, so a result does not depend on the load of the machine. A campaign pays for each recipient, so its limits are lower.',
    table(
      ['of one rendering', 'event loop', 'campaign, for each recipient', 'message, or issue of a newsletter'],
      RENDER_ROWS.map(([what, key]) => [what, ...renderings.map((limits) => number(Number(limits[key])))]),
    ),
  ];
}

function threadTable(): readonly string[] {
  const rows = THREADS.map(([what, { threads, time, waiting }, megabytes]) => {
    return [what, String(threads), `${time / 1_000} s`, `${megabytes} MB`, String(waiting)];
  });
  return [
    '## Threads',
    `The event loop works on at most ${number(LIGHT_TEXT)} characters of Liquid, data and text together, and makes text parts of at most ${number(LIGHT_HTML)} characters of HTML with ${number(LIGHT_TAGS)} tags.`,
    'Accounts take turns, so the work of one account delays another by one job of each thread at most. A full queue refuses the newest job of the account that has most jobs in it, with `unavailable`.',
    table(['threads', 'number', 'time', 'memory', 'waiting jobs'], rows),
  ];
}
