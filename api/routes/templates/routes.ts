import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { isSystemTemplate, type TemplateContents } from '../../../domain/template.js';
import { defaultTemplate } from '../../../services/letters/default-template.js';
import type { Template, TemplateChange } from '../../../store/templates/row.js';
import type { Api } from '../../api.js';
import { demandRevision, setETag } from '../../etag.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, NoContent, Page, refusals } from '../../schema/envelope.js';
import { pageMeta, skipOf } from '../../schema/paging.js';
import type { Deps } from '../../wiring.js';
import { demandRenderable, readContents, readEdition } from './contents.js';
import { NewTemplate, TemplatePatch, TemplatePath, TemplateRow, TemplateSearch, TemplateView } from './schema.js';
import { templateRowView, templateView } from './view.js';

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
      const { id: defaultId } = await defaultTemplate(deps, account);
      return { data: found.map((row) => templateRowView(row, defaultId)), meta: pageMeta(at, total) };
    },
  );

  app.get(
    '/templates/:id',
    { schema: { tags, summary: 'Retrieve a template', params: TemplatePath, response: ONE } },
    async (request, reply) => {
      const account = accountOf(request);
      const row = demandOwned(await deps.templates.find(account, request.params.id));
      setETag(reply, row);
      return templateView(deps, account, row);
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
      const edition = readEdition(await readContents(deps, account, contents), default_language);
      await demandRenderable(deps, account, edition.contents);
      const fields = { name, category, identifier, ...edition };
      const row = demandFreeIdentifier(await deps.templates.create(account, fields, originOf(request)));
      setETag(reply.code(201), row);
      return templateView(deps, account, row);
    },
  );
}

function changeTemplate(app: Api, deps: Deps): void {
  app.patch(
    '/templates/:id',
    { schema: { tags, summary: 'Change a template', params: TemplatePath, body: TemplatePatch, response: ONE } },
    async (request, reply) => {
      const { is_default, ...fields } = request.body;
      const account = accountOf(request);
      const contents = fields.contents && (await readContents(deps, account, fields.contents));
      if (contents !== undefined) await demandRenderable(deps, account, contents);
      const row = await patchTemplate(deps, request, { ...fields, contents });
      if (is_default !== undefined) await makeDefault(deps, row, account, is_default);
      setETag(reply, row);
      return templateView(deps, account, row);
    },
  );
}

function removeTemplate(app: Api, deps: Deps): void {
  app.delete(
    '/templates/:id',
    { schema: { tags, summary: 'Remove a template', params: TemplatePath, response: { 204: NoContent, ...refusals } } },
    async (request, reply) => {
      await updateTemplate(deps, request, async (row) => {
        if (await isInUse(deps, row)) throw new Failure('template_in_use');
        return (await deps.templates.remove(row)) ? row : null;
      });
      return reply.code(204).send(null);
    },
  );
}

async function isInUse({ campaigns, newsletters }: Deps, { account, _id }: Template): Promise<boolean> {
  return (await campaigns.anyOpenWithTemplate(account, _id)) || newsletters.anyWithTemplate(account, _id);
}

interface Patch extends Omit<Static<typeof TemplatePatch>, 'is_default' | 'contents'> {
  readonly contents: TemplateContents | undefined;
}

/** Changes a template. The default is stored on the account, because it may also be one of Everpost's templates. */
async function patchTemplate(deps: Deps, request: FastifyRequest, patch: Patch): Promise<Template> {
  if (Object.values(patch).some((value) => value !== undefined))
    return updateTemplate(deps, request, (row) => deps.templates.change(row, changeOf(row, patch)));
  const { id } = request.params as { readonly id: number };
  const row = demandOwned(await deps.templates.find(accountOf(request), id));
  demandRevision(request, row);
  return row;
}

function changeOf(row: Template, { contents, default_language, ...fields }: Patch): TemplateChange {
  if (contents === undefined && default_language === undefined) return fields;
  const newContents = contents ?? row.contents;
  const kept = row.default_language in newContents ? row.default_language : undefined;
  return { ...fields, ...readEdition(newContents, default_language ?? kept) };
}

async function makeDefault(deps: Deps, row: Template, account: number, shouldBeDefault: boolean): Promise<void> {
  if (shouldBeDefault && row.published === null) throw new Failure('template_not_published');
  const { id, isChosen } = await defaultTemplate(deps, account);
  if (shouldBeDefault ? id === row._id && isChosen : id !== row._id) return;
  await deps.accounts.change(account, { default_template: shouldBeDefault ? row._id : null });
}

const TRIES = 5;

/** Writes the row if it is unchanged; null after a concurrent change. */
type TemplateWrite = (row: Template) => Promise<Template | 'taken' | null>;

/**
 * Reads the template, compares it with `If-Match` and writes. Starts again after a concurrent change. Everpost's
 * templates cannot be changed.
 */
export async function updateTemplate(
  deps: Pick<Deps, 'templates'>,
  request: FastifyRequest,
  write: TemplateWrite,
): Promise<Template> {
  const { id } = request.params as { readonly id: number };
  for (let tries = 0; tries < TRIES; tries += 1) {
    const row = demandOwned(await deps.templates.find(accountOf(request), id));
    if (isSystemTemplate(row._id)) throw new Failure('template_read_only');
    demandRevision(request, row);
    const after = await write(row);
    if (after !== null) return demandFreeIdentifier(after);
  }
  throw new Failure('busy', undefined, 'Other requests are changing the template; try again.');
}

/** Returns the written template. Throws if another template has its identifier. */
export function demandFreeIdentifier(row: Template | 'taken'): Template {
  if (row === 'taken') throw new Failure('identifier_taken', { identifier: ['The identifier has been taken.'] });
  return row;
}
