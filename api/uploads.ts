import type { Hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Failure } from '../domain/errors.js';
import type { Api } from './api.js';

type WithHeaders = Pick<FastifyRequest, 'headers'>;

/** Leaves `text/csv` bodies unread: the route streams them. */
export function streamCsv(app: Api): void {
  app.addContentTypeParser('text/csv', (_request, _payload, done) => done(null, undefined));
}

/** What clients call a table, compressed or not. The first bytes of the file say what it is. */
const FILE_TYPES =
  /^(?:text\/(?:csv|plain|tab-separated-values|x-csv|comma-separated-values)|application\/(?:csv|x-csv|octet-stream|gzip|x-gzip|zip|x-zip-compressed|vnd\.ms-excel|vnd\.openxmlformats-officedocument\.spreadsheetml\.sheet))\s*(?:;|$)/i;

/** Leaves the bodies of files unread: the route streams them. */
export function streamFiles(app: Api): void {
  app.addContentTypeParser(FILE_TYPES, (_request, _payload, done) => done(null, undefined));
}

/** Throws `unsupported_media_type` where the body is no file. */
export function expectFile({ headers }: WithHeaders, sentence: string): void {
  if (FILE_TYPES.test(headers['content-type'] ?? '')) return;
  throw new Failure('unsupported_media_type', undefined, sentence);
}

/** Throws `unsupported_media_type` with this message where the body is not `text/csv`. */
export function expectCsv({ headers }: WithHeaders, sentence: string): void {
  if (/^text\/csv\b/i.test(headers['content-type'] ?? '')) return;
  throw new Failure('unsupported_media_type', undefined, sentence);
}

/** Throws `payload_too_large` where Content-Length exceeds the limit; a request without it passes. */
export function expectAtMost({ headers }: WithHeaders, bytes: number): void {
  if (Number(headers['content-length'] ?? 0) > bytes) throw new Failure('payload_too_large');
}

/** Passes chunks on; throws `payload_too_large` at the first byte beyond the limit. */
export function limitBytes(limit: number) {
  return async function* (blocks: AsyncIterable<Buffer>) {
    let bytes = 0;
    for await (const block of blocks) {
      bytes += block.length;
      if (bytes > limit) throw new Failure('payload_too_large');
      yield block;
    }
  };
}

/** Passes chunks on, and adds them to the hash. */
export function hashedBy(hash: Hash) {
  return async function* (blocks: AsyncIterable<Buffer>) {
    for await (const block of blocks) {
      hash.update(block);
      yield block;
    }
  };
}

/** A refusal of an upload, with a sentence for each fault. */
export function refused(field: string, ...sentences: readonly string[]): Failure {
  return new Failure('validation_failed', { [field]: sentences });
}

/** The rows in order, at most `size` at a time; holds no more of a stream than that. */
export async function* inBatches<T>(rows: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
