import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { Failure } from '../../domain/errors.js';
import { isTooDeep } from '../../domain/json.js';
import type { Api } from '../api.js';
import { LARGEST_BODY } from './limits/body-limits.js';

/** Refuses bytes that are not UTF-8 instead of replacing them. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Parses JSON, the only body type here. An empty body counts as none whatever its media type: some clients send DELETE so. */
export function acceptJsonOnly(app: Api): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  const read = (request: FastifyRequest, body: Buffer, done: Done): void => {
    const text = textOf(body);
    const fault = text === undefined ? unreadable(body) : faultOf(text);
    if (text === undefined || fault !== undefined) done(fault ?? null, undefined);
    else if (text.trim() === '') done(null, undefined);
    else void parse(request, text, done);
  };
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (request.headers['content-encoding'] === undefined) read(request, body, done);
    else
      unpacked(request, body).then(
        (plain) => read(request, plain, done),
        (error: Error) => done(error, undefined),
      );
  });
}

/** Bytes that are not UTF-8. */
function unreadable(body: Buffer): Failure {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  const sentence = 'The body is compressed: name it in the header Content-Encoding: gzip.';
  return isGzip ? new Failure('unsupported_media_type', undefined, sentence) : new Failure('malformed_json');
}

function faultOf(text: string): Failure | undefined {
  if (isTooDeep(text)) return new Failure('json_too_deep');
  // Validation sees a missing body as `null`; a literal `null` is refused here because no route takes it.
  return text.trim() === 'null'
    ? new Failure('validation_failed', { body: ['The body must be an object.'] })
    : undefined;
}

type Done = (error: Error | null, body?: unknown) => void;

type Unpack = (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const ENCODINGS: Readonly<Record<string, Unpack>> = {
  gzip: promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(gunzip),
  'x-gzip': promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(gunzip),
  deflate: promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(inflate),
  br: promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(brotliDecompress),
};

/** The body without its Content-Encoding, at most as large as the route accepts. */
async function unpacked({ headers, routeOptions }: FastifyRequest, body: Buffer): Promise<Buffer> {
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '' || body.length === 0) return body;
  const unpack = Object.hasOwn(ENCODINGS, encoding) ? ENCODINGS[encoding] : undefined;
  if (unpack === undefined) {
    const sentence = `The Content-Encoding "${encoding.slice(0, 40)}" is not accepted; send gzip, deflate, br or none.`;
    throw new Failure('unsupported_media_type', undefined, sentence);
  }
  try {
    return await unpack(body, { maxOutputLength: routeOptions.bodyLimit ?? LARGEST_BODY });
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw new Failure('payload_too_large');
    throw new Failure('malformed_json', undefined, `The body is not valid ${encoding}.`);
  }
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

function textOf(body: Buffer): string | undefined {
  try {
    return UTF8.decode(body);
  } catch {
    return undefined;
  }
}
