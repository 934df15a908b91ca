import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import type { Template, TemplateChange } from '../../../store/templates.js';
import type { Api } from '../../app.js';
import { accountOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { originOf } from '../../idempotency.js';
import { pageMeta, skipOf } from '../../paging.js';
import { demandRevision, tagged } from '../../revisions.js';
import { Data, Nothing, Page, refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { NewTemplate, TemplatePatch, TemplateRow, TemplateSearch, TemplateView } from '../../schemas/template.js';
import { readContents, readEdition } from './contents.js';
import { demandRenderable } from './renderable.js';
import { standing, turned } from './turning.js';
import { defaultTemplateId, rowShown, shown } from './view.js';

const tags = ['Templates'];
const ONE = { 200: Data(TemplateView), ...refusals };
const CUSTOM = 'custom';

export function templates(app: Api, deps: Deps): void {
  readTemplates(app, deps);
  createTemplate(app, deps);
  changeTemplate(app, deps);
  removeTemplate(app, deps);
}

function readTemplates(app: Api, deps: Deps): void {
  app.get(
    '/templates',
    {
      schema: {
        tags,
        summary: "List templates, Everpost's first",
        querystring: TemplateSearch,
        response: { 200: Page(TemplateRow), ...refusals },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const { page, per_page, category } = request.query;
      const at = { page, per_page };
      const { found, total } = await deps.templates.page(account, category, skipOf(at), per_page);
      const defaultId = await defaultTemplateId(deps, account);
      return { data: found.map((row) => rowShown(row, defaultId)), meta: pageMeta(at, total) };
    },
  );

  app.get(
    '/templates/:id',
    { schema: { tags, summary: 'Retrieve a template', params: IdPath, response: ONE } },
    async (request, reply) => {
      const account = accountOf(request);
      const row = ours(await deps.templates.find(account, request.params.id));
      tagged(reply, row);
      return shown(deps, account, row);
    },
  );
}

function createTemplate(app: Api, deps: Deps): void {
  app.post(
    '/templates',
    {
      schema: {
        tags,
        summary: 'Create a template',
        body: NewTemplate,
        response: { 201: Data(TemplateView), ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const { name, category = CUSTOM, identifier = null, contents, default_language } = request.body;
      const edition = readEdition(readContents(contents), default_language);
      await demandRenderable(deps, account, edition.contents);
      const fields = { name, category, identifier, ...edition };
      const row = standing(await deps.templates.create(account, fields, originOf(request)));
      tagged(reply.code(201), row);
      return shown(deps, account, row);
    },
  );
}

function changeTemplate(app: Api, deps: Deps): void {
  app.patch(
    '/templates/:id',
    { schema: { tags, summary: 'Change a template', params: IdPath, body: TemplatePatch, response: ONE } },
    async (request, reply) => {
      const { is_default, ...fields } = request.body;
      const account = accountOf(request);
      if (fields.contents !== undefined) await demandRenderable(deps, account, readContents(fields.contents));
      const row = await changed(deps, request, fields);
      if (is_default !== undefined) await makeDefault(deps, row, account, is_default);
      tagged(reply, row);
      return shown(deps, account, row);
    },
  );
}

function removeTemplate(app: Api, deps: Deps): void {
  app.delete(
    '/templates/:id',
    { schema: { tags, summary: 'Remove a template', params: IdPath, response: { 204: Nothing, ...refusals } } },
    async (request, reply) => {
      await turned(deps, request, async (row) => {
        if (await deps.campaigns.anyWaitingFor(row.account, row._id)) throw new Failure('template_in_use');
        return (await deps.templates.remove(row)) ? row : null;
      });
      return reply.code(204).send(null);
    },
  );
}

type Patch = Omit<Static<typeof TemplatePatch>, 'is_default'>;

/** Which template is the default is said on the account: that may be one of Everpost's as well. */
async function changed(deps: Deps, request: FastifyRequest, patch: Patch): Promise<Template> {
  if (Object.keys(patch).length > 0)
    return turned(deps, request, (row) => deps.templates.change(row, changeOf(row, patch)));
  const { id } = request.params as { readonly id: number };
  const row = ours(await deps.templates.find(accountOf(request), id));
  demandRevision(request, row);
  return row;
}

function changeOf(row: Template, { contents, default_language, ...fields }: Patch): TemplateChange {
  if (contents === undefined && default_language === undefined) return fields;
  const said = contents === undefined ? row.contents : readContents(contents);
  const kept = row.default_language in said ? row.default_language : undefined;
  return { ...fields, ...readEdition(said, default_language ?? kept) };
}

async function makeDefault(deps: Deps, row: Template, account: number, wanted: boolean): Promise<void> {
  if (wanted && row.published === null) throw new Failure('template_not_published');
  const is = (await defaultTemplateId(deps, account)) === row._id;
  if (is === wanted) return;
  await deps.accounts.change(account, { default_template: wanted ? row._id : null });
}
