import { Failure } from '../../../domain/errors.js';
import type { Api } from '../../api.js';
import { setETag } from '../../etag.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, refusals } from '../../schema/envelope.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import { EmptyBody } from '../campaigns/schema.js';
import { contentsView } from './contents.js';
import { demandFreeIdentifier, updateTemplate } from './routes.js';
import {
  Rollback,
  TemplateCopy,
  TemplatePath,
  TemplateView,
  VersionPage,
  VersionPath,
  VersionSearch,
  VersionView,
} from './schema.js';
import { templateView } from './view.js';

const tags = ['Templates'];
const ONE = { 200: Data(TemplateView), ...refusals };

/** Routes for publishing, rollback, copies and the published versions. */
export function templateVersions(app: Api, deps: Deps): void {
  app.post(
    '/templates/:id/publish',
    { schema: { tags, summary: 'Publish the draft', params: TemplatePath, body: EmptyBody, response: ONE } },
    async (request, reply) => {
      const row = await updateTemplate(deps, request, (seen) => deps.templates.publish(seen));
      setETag(reply, row);
      return templateView(deps, row.account, row);
    },
  );

  app.post(
    '/templates/:id/rollback',
    {
      schema: {
        tags,
        summary: 'Publish an earlier version again',
        params: TemplatePath,
        body: Rollback,
        response: ONE,
      },
    },
    async (request, reply) => {
      const { version } = request.body;
      const row = await updateTemplate(deps, request, async (seen) => {
        const edition = await deps.templates.version(seen.account, seen._id, version);
        if (edition === null) throw unknownVersion();
        return seen.published?.version === version ? seen : deps.templates.republish(seen, edition);
      });
      setETag(reply, row);
      return templateView(deps, row.account, row);
    },
  );

  copies(app, deps);
  history(app, deps);
}

function copies(app: Api, deps: Deps): void {
  app.post(
    '/templates/:id/copy',
    {
      schema: {
        tags,
        summary: 'Copy a template',
        params: TemplatePath,
        body: TemplateCopy,
        response: { 201: Data(TemplateView), ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const { category, contents, default_language, ...of } = demandOwned(
        await deps.templates.find(account, request.params.id),
      );
      const { name = `Copy of ${of.name}`.slice(0, 255), identifier = null } = request.body;
      const fields = { name, identifier, category, contents, default_language };
      const row = demandFreeIdentifier(await deps.templates.create(account, fields, originOf(request)));
      setETag(reply.code(201), row);
      return templateView(deps, account, row);
    },
  );
}

function history(app: Api, deps: Deps): void {
  app.get(
    '/templates/:id/versions',
    {
      schema: {
        tags,
        summary: 'List published versions, newest first',
        params: TemplatePath,
        querystring: VersionSearch,
        response: { 200: VersionPage, ...refusals },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const row = demandOwned(await deps.templates.find(account, request.params.id));
      const { after, limit } = request.query;
      const found = await deps.templates.history(account, row._id, after, limit + 1);
      const data = found.slice(0, limit).map(({ version, copy_of, published_at }) => {
        return {
          version,
          copy_of,
          published_at: timestamp(published_at),
          is_current: version === row.published?.version,
        };
      });
      return { data, meta: { next: found.length > limit ? (data.at(-1)?.version ?? null) : null } };
    },
  );

  app.get(
    '/templates/:id/versions/:version',
    {
      schema: {
        tags,
        summary: 'Retrieve a published version',
        params: VersionPath,
        response: { 200: Data(VersionView), ...refusals },
      },
    },
    async (request) => {
      const { id, version } = request.params;
      const account = accountOf(request);
      const row = demandOwned(await deps.templates.find(account, id));
      const found = await deps.templates.version(account, row._id, version);
      if (found === null) throw new Failure('not_found');
      const { default_language, contents, published_at } = found;
      const shownContents = contentsView(contents);
      return {
        data: { version, default_language, contents: shownContents, published_at: timestampOrNull(published_at) },
      };
    },
  );
}

function unknownVersion(): Failure {
  return new Failure('validation_failed', { version: ['The selected version is invalid.'] });
}
