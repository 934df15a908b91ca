import type { Readable, Writable } from 'node:stream';
import multipart from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { Failure, type FieldErrors } from '../../../domain/errors.js';
import type { ColumnMapping } from '../../../domain/import/csv.js';
import { SUBSCRIBER_LIMITS } from '../../../domain/subscriber/subscriber.js';
import type { Import } from '../../../store/imports/row.js';
import type { Api } from '../../api.js';
import { jsonIn } from '../../hooks/json-bodies.js';
import { expectAtMost, expectCsv, streamCsv } from '../../uploads.js';
import type { Deps } from '../../wiring.js';
import { csvFileOf, type StoredUpload, storeUpload } from './csv-file.js';

export const UPLOAD_LIMIT = 1_073_741_824;
/** Limits of the form around a file. */
const FORM_FIELDS = { fields: 16, fieldSize: 65_536, files: 1, fileSize: Number.POSITIVE_INFINITY, parts: 17 };

export interface ImportUpload {
  readonly account: number;
  readonly list: number;
  /** Bytes of the file. */
  readonly limit: number;
  readonly origin: string | undefined;
}

type UploadDeps = Pick<Deps, 'imports' | 'blobs'>;

/** Lets forms and `text/csv` bodies through unread: the route streams them. */
export async function acceptUploads(app: Api): Promise<void> {
  await app.register(multipart, { limits: FORM_FIELDS });
  streamCsv(app);
}

/** Stores the file, reads its header and queues the import. A refused or interrupted upload leaves nothing stored. */
export async function receiveImport(deps: UploadDeps, request: FastifyRequest, target: ImportUpload): Promise<Import> {
  // The parser would throw on a form without a boundary.
  if (/^multipart\/(?!.*;\s*boundary=.)/is.test(request.headers['content-type'] ?? '')) {
    throw new Failure('unsupported_media_type', undefined, 'The form has no boundary.');
  }
  expectAtMost(request, target.limit + FORM_FIELDS.fields * FORM_FIELDS.fieldSize);
  const row = await deps.imports.openUpload(target.account, target.list, deps.blobs.newId());
  const upload = await storeFile(deps, request, target, row);
  // No cleanup if this call fails: the import may be accepted and needs its file. If it is not, the sweep deletes the file.
  const accepted = await deps.imports.accept(row, { ...upload, origin: target.origin });
  // The request repeats one whose answer was lost: the earlier upload is kept and this one is discarded.
  if (accepted._id !== row._id) await discard(deps, row);
  return accepted;
}

async function storeFile(deps: UploadDeps, request: FastifyRequest, { account, limit }: ImportUpload, row: Import) {
  try {
    const sink = (name: string) => deps.blobs.write(account, row.blob, name);
    const { upload, fields } = await receiveUpload(request, sink, limit);
    const { mapping, ...options } = importOptions({ ...(request.query as object), ...fields });
    return { ...options, file: csvFileOf(upload, mapping) };
  } catch (error) {
    await discard(deps, row);
    throw error;
  }
}

interface ReceivedUpload {
  readonly upload: StoredUpload;
  readonly fields: Readonly<Record<string, unknown>>;
}

type Sink = (name: string) => Writable;

async function receiveUpload(request: FastifyRequest, sink: Sink, limit: number): Promise<ReceivedUpload> {
  if (request.isMultipart()) return fromForm(request, sink, limit);
  expectCsv(request, 'Send a form with a file, or the file as text/csv.');
  const name = 'upload.csv';
  return { upload: await storeUpload(request.raw, sink(name), { name, limit }), fields: {} };
}

/** Reads a form whose fields come before or after the file. */
async function fromForm(request: FastifyRequest, sink: Sink, limit: number): Promise<ReceivedUpload> {
  const fields: Record<string, unknown> = {};
  let upload: StoredUpload | undefined;
  for await (const part of request.parts()) {
    if (part.type === 'field') {
      const { fieldname, value } = part;
      fields[fieldname] = fieldname in fields ? [fields[fieldname], value].flat() : value;
    } else if (part.fieldname === 'file') {
      const name = part.filename.slice(0, 255) || 'upload.csv';
      upload = await storeUpload(part.file as Readable, sink(name), { name, limit });
    } else {
      throw new Failure('validation_failed', { [part.fieldname]: [`The ${part.fieldname} field is not known.`] });
    }
  }
  if (upload !== undefined) return { upload, fields };
  throw new Failure('validation_failed', { file: ['The file field is required.'] });
}

async function discard({ imports, blobs }: UploadDeps, row: Import): Promise<void> {
  await blobs.remove(row.account, row.blob);
  await imports.deleteUpload(row);
}

/** The options of an upload. */
interface ImportOptions {
  readonly mapping: ColumnMapping;
  readonly dry_run: boolean;
  readonly tags: readonly string[];
}

const LONGEST_TAG = 64;

/** Reads form fields and query parameters in the same way. Throws `validation_failed` with all errors. */
function importOptions(given: Readonly<Record<string, unknown>>): ImportOptions {
  const { mapping = '{}', dry_run = false, tags = [], ...unknown } = given;
  const errors: Record<string, readonly string[]> = {};
  for (const name of Object.keys(unknown)) errors[name] = [`The ${name} field is not known.`];
  const options = { mapping: mappingOf(mapping), dry_run: flagOf(dry_run), tags: tagsOf([tags].flat()) };
  if (options.mapping === undefined) {
    errors['mapping'] = ['The mapping must be a JSON object from headers to fields or null.'];
  }
  if (options.dry_run === undefined) errors['dry_run'] = ['The dry_run must be true or false.'];
  if (options.tags === undefined) {
    errors['tags'] = [`The tags must be at most ${SUBSCRIBER_LIMITS.tags} of up to ${LONGEST_TAG} characters.`];
  }
  if (Object.keys(errors).length > 0) throw new Failure('validation_failed', errors satisfies FieldErrors);
  return options as ImportOptions;
}

function mappingOf(given: unknown): ColumnMapping | undefined {
  const value = typeof given === 'string' ? jsonIn(given.trim() || '{}') : given;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fits = Object.values(value).every((field) => field === null || typeof field === 'string');
  return fits ? (value as ColumnMapping) : undefined;
}

function flagOf(given: unknown): boolean | undefined {
  if (typeof given === 'boolean') return given;
  if (given === 'true' || given === '1') return true;
  return given === 'false' || given === '0' || given === '' ? false : undefined;
}

function tagsOf(given: readonly unknown[]): string[] | undefined {
  if (!given.every((one) => typeof one === 'string')) return undefined;
  const tags = given.flatMap((one) => one.split(',')).map((tag) => tag.trim());
  const named = [...new Set(tags.filter((tag) => tag !== ''))];
  const fit = named.every((tag) => tag.length <= LONGEST_TAG && !/\p{Cc}/u.test(tag));
  return fit && named.length <= SUBSCRIBER_LIMITS.tags ? named : undefined;
}
