import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { knownRoutes } from '../../../api/hooks/known-routes.js';
import { packageRoot } from '../../../config.js';
import { aList, anApi, type TestApi } from '../../support/api/api.js';
import { aTemplate } from '../../support/api/templates.js';
import { blocksOf, documentText, programsOf } from '../../support/dialects/documents.js';
import { emailmassivoSamples } from '../../support/dialects/samples/emailmassivo.js';
import { envieSamples } from '../../support/dialects/samples/envie.js';
import { mailbindrSamples } from '../../support/dialects/samples/mailbindr.js';
import { mailySamples } from '../../support/dialects/samples/maily.js';
import { type SampleValues, substituted } from '../../support/dialects/substitutions.js';

/** What a document says of one route: its example and its fields, read from the document itself. */
interface DocumentedRoute {
  readonly route: string;
  readonly example: Readonly<Record<string, unknown>>;
  /** Paths of all fields, such as `mail.to.email`. */
  readonly fields: readonly string[];
  readonly required: readonly string[];
  /** The status of a request that is not valid. */
  readonly refusal: number;
}

const VALUES: SampleValues = { url: 'http://nowhere', key: '', templateId: 0, listUid: '' };
/** Fields below these have names of the caller's own. */
const FREE = ['params', 'context', 'headers'];

function pathsIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => pathsIn(item, `${path}.${i}`));
  if (typeof value !== 'object' || value === null || FREE.includes(path.split('.').at(-1) ?? '')) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const own = path === '' ? name : `${path}.${name}`;
    return [own, ...pathsIn(inner, own)];
  });
}

const exampleOf = (block: string) => JSON.parse(substituted(block, VALUES)) as Record<string, unknown>;

/** Maily glues name, type and need of each parameter together. */
function mailyParameters(heading: string): readonly (readonly [name: string, need: string])[] {
  const [, section = ''] = documentText('maily').split(new RegExp(`^${heading}$`, 'm'));
  const [parameters = ''] = section.split(/^curl /m);
  return [...parameters.matchAll(/([a-z_.]+?)(?:string|integer|boolean|array)(Required|Optional|Conditional)/g)].map(
    ([, name = '', need = '']) => [name, need] as const,
  );
}

function mailyRoute(route: string, heading: string, example: Record<string, unknown>): DocumentedRoute {
  const parameters = mailyParameters(heading);
  const required = parameters.filter(([, need]) => need === 'Required').map(([name]) => name);
  const fields = [...new Set([...parameters.map(([name]) => name), ...pathsIn(example)])];
  return { route, example, fields, required, refusal: 422 };
}

/** The names that envie's tables call required. */
function envieRequired(example: object): string[] {
  const rows = [...documentText('envie').matchAll(/^(\w+) .* Sim$/gm)].map(([, name]) => name);
  return pathsIn(example).filter((path) => rows.includes(path.split('.').at(-1)));
}

function envieRoute(route: string, block: string): DocumentedRoute {
  const example = exampleOf(block);
  return { route, example, fields: pathsIn(example), required: envieRequired(example), refusal: 400 };
}

/** Emailmassivo marks required fields with a star, and describes attachments without an example. */
function emailmassivoRoute(route: string, block: string): DocumentedRoute {
  const example = exampleOf(block);
  const starred = [...documentText('emailmassivo').matchAll(/\b(\w+)\*/g)].map(([, name]) => `mail.${name}`);
  const fields = [...pathsIn(example), 'attachments', 'mail.attachments'];
  const required = ['mail', 'mail.to', 'mail.to.email', ...starred.filter((path) => fields.includes(path))];
  // A template has a subject of its own.
  const isSend = route.endsWith('/send');
  return {
    route,
    example,
    fields,
    required: required.filter((path) => isSend || path !== 'mail.subject'),
    refusal: 400,
  };
}

const MAILBINDR = JSON.parse(
  /json\.dumps\((\{[\s\S]*?^\})\)/m.exec(programsOf('mailbindr')[1]?.code ?? '')?.[1] ?? '{}',
);
const [CREATE = '', , GET = '', , , , , SINGLE = ''] = blocksOf('envie');
const [SEND = '', , BY_TEMPLATE = ''] = blocksOf('emailmassivo');
const LETTER = { list_id: 1, subject: 'x', html: '<p>x</p>' };
const PERSON = { list_id: 1, email: 'alice@example.com', first_name: 'Alice' };
const ROW = { email: 'alice@example.com', first_name: 'Alice', last_name: 'A', tags: ['imported'] };

const ROUTES: readonly DocumentedRoute[] = [
  mailyRoute('POST /api/v1/subscribers', 'Create a subscriber', { ...PERSON, last_name: 'A' }),
  mailyRoute('POST /api/v1/subscribers/batch', 'Batch upsert subscribers', { list_id: 1, subscribers: [ROW] }),
  mailyRoute('POST /api/v1/campaigns', 'Create a campaign', {
    ...LETTER,
    name: 'x',
    preheader: 'x',
    template_id: 1,
    send: false,
    scheduled_at: '2126-05-22T13:00:00Z',
  }),
  mailyRoute('POST /api/v1/campaigns/1/send', 'Send a campaign', { scheduled_at: '2126-05-22T13:00:00Z' }),
  envieRoute('POST /lists/create', CREATE),
  envieRoute('POST /lists/get', GET),
  envieRoute('POST /singlesending/create', SINGLE),
  emailmassivoRoute('POST /api/v1/external-mails/send', SEND),
  emailmassivoRoute('POST /api/v1/external-mails/send-by-template', BY_TEMPLATE),
  {
    route: 'POST /email/send-email/',
    example: { ...MAILBINDR, environment: 'live' },
    fields: pathsIn(MAILBINDR),
    required: ['identifier', 'receiver'],
    refusal: 422,
  },
];

let api: TestApi;
let uid: string;
let template: number;

beforeAll(async () => {
  api = await anApi();
  const list = await aList(api);
  uid = (await api.call(`GET /api/v1/lists/${list}`)).json().data.uid;
  await api.call('POST /api/v1/subscribers', { payload: { ...PERSON, email: 'ana@example.org' } });
  await api.call('POST /api/v1/campaigns', { payload: LETTER });
  const contents = { en: { subject: 'x', html: '<p>{{ some_variable }}</p>' } };
  template = (await aTemplate(api, { identifier: 'email_key', contents }, true)).id;
});
afterAll(() => api.close());

/** The request with the ids of this installation, under every header that a document names for its key. */
function ask(route: string, body: object) {
  const text = JSON.stringify(body).replace('"list":""', `"list":"${uid}"`);
  const payload = text.replace('"idTemplateMailUser":0', `"idTemplateMailUser":${template}`);
  const keys = { 'x-api-key': api.key, 'x-api-token': api.key, 'private-key': api.key, 'public-key': '1' };
  return api.call(route, { payload, headers: { ...keys, 'content-type': 'application/json' } });
}

/** A copy in which the field has another value; undefined: it is left out. */
function changed(example: object, path: string, value: unknown): object {
  const copy = structuredClone(example) as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce<Record<string, unknown>>((at, name) => {
    at[name] ??= {};
    return at[name] as Record<string, unknown>;
  }, copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

describe.each(ROUTES)('$route', ({ route, example, fields, required, refusal }) => {
  test('its documented request is accepted', async () => {
    const answer = await ask(route, example);
    expect([200, 201], answer.body).toContain(answer.statusCode);
  });

  test.each(fields.map((field) => [field]))('%s: a value of another kind is refused by its name', async (field) => {
    const isFree = FREE.includes(field.split('.').at(-1) ?? '');
    const isObject = isFree || pathsIn(example).some((path) => path.startsWith(`${field}.`));
    const answer = await ask(route, changed(example, field, isObject ? 5 : { other: [[5]] }));
    // A row of a batch is invalid on its own.
    if (/^subscribers\.0\./.test(field)) {
      expect([answer.statusCode, answer.json().data.invalid]).toEqual([200, 1]);
      return;
    }
    expect(answer.statusCode, answer.body).toBe(refusal);
    expect(answer.body).toMatch(field.endsWith('attachments') ? /attachments/i : new RegExp(`\\b${field}\\b`));
  });

  test.each(required.map((field) => [field]))('%s: a request without it is refused by its name', async (field) => {
    const answer = await ask(route, changed(example, field, undefined));
    expect(answer.statusCode, answer.body).toBe(refusal);
    expect(answer.body).toContain(field);
  });
});

test.each(mailyParameters('List subscribers'))('GET /subscribers: the filter %s', async (name) => {
  const valid: Readonly<Record<string, string>> = { list_id: '1', status: 'active', search: 'example', per_page: '1' };
  const answer = await api.call(`GET /api/v1/subscribers?${name}=${valid[name]}`);
  expect(answer.json().data).toContainEqual(expect.objectContaining({ list_id: 1, status: 'active' }));
  const wrong = await api.call(`GET /api/v1/subscribers?${name}=${name === 'search' ? '%0A' : 'wrong'}`);
  expect([wrong.statusCode, Object.keys(wrong.json().error.errors)]).toEqual([422, [name]]);
});

test('no field of the documents is overlooked', () => {
  expect(ROUTES.map(({ fields, required }) => [fields.length, required.length])).toEqual([
    [4, 2],
    [6, 2],
    [9, 1],
    [1, 0],
    [3, 2],
    [1, 1],
    [13, 11],
    [17, 5],
    [14, 4],
    [5, 2],
  ]);
});

/** Every request and answer of a document that is sent and compared, by the replay of the documents or by the named test. */
const SAMPLES = [
  ...mailySamples(VALUES),
  ...mailbindrSamples(VALUES),
  ...emailmassivoSamples(VALUES),
  ...envieSamples(VALUES),
];
const ELSEWHERE = [
  'test/api/hooks/conventions.test.ts',
  'test/web/webhook/body.test.ts',
  'test/api/dialects/emailmassivo-fields.test.ts',
  'test/api/dialects/envie-tracking.test.ts',
];

test.each(['maily', 'envie', 'emailmassivo', 'mailbindr', 'mailee'] as const)(
  '%s: every field of its examples is compared',
  (name) => {
    const tested = [
      JSON.stringify(SAMPLES),
      ...ELSEWHERE.map((file) => readFileSync(join(packageRoot(), file), 'utf8')),
    ];
    const names = blocksOf(name).flatMap((block) => [...block.matchAll(/"(\w+)":/g)].map(([, field = '']) => field));
    const left = [...new Set(names)].filter((field) => !tested.some((text) => new RegExp(`\\b${field}\\b`).test(text)));
    expect(left).toEqual([]);
  },
);

test.each([
  ['maily', 4, '/api/v1'],
  ['envie', 4, ''],
  ['emailmassivo', 2, ''],
] as const)('%s: every path that the document names is a route', (name, count, prefix) => {
  const named = documentText(name).matchAll(
    /\b(GET|POST|DELETE|PATCH) (?:https:\/\/[^/]+)?(\/[\w/{}-]+?)(?=In the|[^\w/{}-])/g,
  );
  const routes = [...named].map(([, method = '', path = '']) => {
    const url = path.startsWith('/api/') ? path : `${prefix}${path}`;
    return `${method} ${url.replace('{id}', ':id')}`;
  });
  expect(new Set(routes).size).toBe(count);
  const known = knownRoutes(api.app).map(({ method, url }) => `${method} ${url}`);
  expect([...new Set(routes)].filter((route) => !known.includes(route))).toEqual([]);
});
