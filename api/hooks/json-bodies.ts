import { Failure } from '../../domain/errors.js';
import { isTooDeep } from '../../domain/json-depth.js';
import type { Api } from '../api.js';

/** What is not UTF-8 is refused: half a name is worse than none. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** JSON is the only body here. An empty one is no body, whatever its media type claims: DELETE often comes like that. */
export function acceptJsonOnly(app: Api): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const text = read(body);
    if (text === undefined) return done(new Failure('malformed_json'), undefined);
    if (isTooDeep(text)) return done(new Failure('json_too_deep'), undefined);
    // Validation is told of no body as of `null`; this one was said, and no route asks for it.
    if (text.trim() === 'null')
      return done(new Failure('validation_failed', { body: ['The body must be an object.'] }));
    if (text.trim() !== '') return parse(request, text, done);
    done(null, undefined);
  });
}

/** The value of a JSON text that Fastify does not parse; undefined where it is not JSON. Throws `json_too_deep`. */
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
