import type { Api } from './app.js';

/** JSON is the only body here. An empty one is no body, whatever its media type claims: DELETE often comes like that. */
export function acceptJsonOnly(app: Api): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body.trim() !== '') return parse(request, body, done);
    done(null, undefined);
  });
}
