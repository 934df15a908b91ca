import { Failure } from '../../domain/errors.js';
import { isTooDeep } from '../../domain/json.js';
import type { Api } from '../api.js';

/** Refuses bytes that are not UTF-8 instead of replacing them. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Parses JSON, the only body type here. An empty body counts as none whatever its media type: some clients send DELETE so. */
export function acceptJsonOnly(app: Api): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const text = read(body);
    if (text === undefined) return done(new Failure('malformed_json'), undefined);
    if (isTooDeep(text)) return done(new Failure('json_too_deep'), undefined);
    // Validation sees a missing body as `null`; a literal `null` is refused here because no route takes it.
    if (text.trim() === 'null')
      return done(new Failure('validation_failed', { body: ['The body must be an object.'] }));
    if (text.trim() !== '') return parse(request, text, done);
    done(null, undefined);
  });
}

/** Parses JSON that Fastify does not parse; undefined where the text is not JSON. Throws `json_too_deep`. */
export function jsonIn(text: string): unknown {
  if (isTooDeep(text)) throw new Failure('json_too_deep');
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function read(body: Buffer): string | undefined {
  try {
    return UTF8.decode(body);
  } catch {
    return undefined;
  }
}
