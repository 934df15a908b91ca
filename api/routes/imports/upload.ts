import type { Readable, Writable } from 'node:stream';
import multipart from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { demandNoFaults, Failure } from '../../../domain/errors.js';
import type { ColumnMapping } from '../../../domain/import/columns.js';
import { delimiterNamed } from '../../../domain/import/delimiter.js';
import { foldedWord } from '../../../domain/import/statuses.js';
import {
  SUBSCRIBER_LIMITS,
  SUBSCRIBER_STATUSES,
  type SubscriberStatus,
} from '../../../domain/subscriber/subscriber.js';
import type { Import } from '../../../store/imports/row.js';
import type { Api } from '../../api.js';
import { claimUpload, originOf, type Repeated } from '../../hooks/idempotency.js';
import { jsonIn } from '../../hooks/json-bodies.js';
import { expectAtMost, expectFile, streamFiles } from '../../uploads.js';
import type { Deps } from '../../wiring.js';
import { encodingNamed, type StoredUpload, storeUpload } from './csv-file.js';
import { csvFileOf, type FileOptions } from './files/head.js';

export const UPLOAD_LIMIT = 1_073_741_824;
/** Limits of the form around a file. */
const FORM_FIELDS = { fields: 16, fieldSize: 65_536, files: 1, fileSize: Number.POSITIVE_INFINITY, parts: 17 };

export interface ImportUpload {
  readonly account: number;
  readonly list: number;
  /** Bytes of the file. */
  readonly limit: number;
}

type UploadDeps = Pick<Deps, 'imports' | 'blobs' | 'storedResponses'>;

/** Lets forms and files through unread: the route streams them. */
export async function acceptUploads(app: Api): Promise<void> {
  await app.register(multipart, { limits: FORM_FIELDS });
  streamFiles(app);
}

/**
 * Stores the file, reads its header and queues the import. A refused or interrupted upload leaves nothing stored, and neither
 * does one that repeats another request.
 */
export async function receiveImport(
  deps: UploadDeps,
  request: FastifyRequest,
  target: ImportUpload,
): Promise<Import | Repeated> {
  // The parser would throw on a form without a boundary.
  if (/^multipart\/(?!.*;\s*boundary=.)/is.test(request.headers['content-type'] ?? '')) {
    throw new Failure('unsupported_media_type', undefined, 'The form has no boundary.');
  }
  expectAtMost(request, target.limit + FORM_FIELDS.fields * FORM_FIELDS.fieldSize);
  const row = await deps.imports.openUpload(target.account, target.list, deps.blobs.newId());
  const { repeats, ...upload } = await storeFile(deps, request, target, row);
  if (repeats !== undefined) return repeats;
  // No cleanup if this call fails: the import may be accepted and needs its file. If it is not, the sweep deletes the file.
  const accepted = await deps.imports.accept(row, { ...upload, origin: originOf(request) });
  // The request repeats one whose answer was lost: the earlier upload is kept and this one is discarded.
  if (accepted._id !== row._id) await discard(deps, row);
  return accepted;
}

async function storeFile(deps: UploadDeps, request: FastifyRequest, { account, limit }: ImportUpload, row: Import) {
  try {
    const sink = (name: string) => deps.blobs.write(account, row.blob, name);
    const { upload, fields } = await receiveUpload(request, sink, limit);
    const { dry_run, ...options } = importOptions({ ...(request.query as object), ...fields });
    const file = csvFileOf(upload, options);
    const repeats = await claimUpload(deps, request, [fields, upload.hash]);
    if (repeats !== undefined) await discard(deps, row);
    return { repeats, dry_run, tags: options.tags, file };
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
  const { encoding } = request.query as { readonly encoding?: unknown };
  expectFile(request, 'Send a form with a file, or the file as text/csv, gzip or xlsx.');
  const name = 'upload.csv';
  const upload = await storeUpload(request.raw, sink(name), { name, limit, encoding: textOf(encoding) });
  return { upload, fields: {} };
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
      const encoding = textOf({ ...(request.query as object), ...fields }['encoding' as never]);
      upload = await storeUpload(part.file as Readable, sink(name), { name, limit, encoding });
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
interface ImportOptions extends FileOptions {
  readonly dry_run: boolean;
}

const LONGEST_TAG = 64;
const MOST_ROWS_ABOVE = 100;

const FAULTS = {
  mapping: 'The mapping must be a JSON object from headers to fields or null.',
  dry_run: 'The dry_run must be true or false.',
  tags: `The tags must be at most ${SUBSCRIBER_LIMITS.tags} of up to ${LONGEST_TAG} characters.`,
  delimiter: 'The delimiter must be a comma, a semicolon, a tab or "|".',
  header_row: 'The header_row must be a whole number from 0 to 100.',
  statuses: `The statuses must be a JSON object from words to ${SUBSCRIBER_STATUSES.join(', ')}.`,
} as const;

/** Reads form fields and query parameters in the same way. Throws `validation_failed` with all errors. */
function importOptions(given: Readonly<Record<string, unknown>>): ImportOptions {
  const {
    mapping = '{}',
    dry_run = false,
    tags = [],
    encoding,
    delimiter,
    statuses = '{}',
    header_row,
    ...unknown
  } = given;
  const errors: Record<string, readonly string[]> = {};
  for (const name of Object.keys(unknown)) errors[name] = [`The ${name} field is not known.`];
  const delimiters = textOf(delimiter) === undefined ? undefined : (delimiterNamed(String(delimiter)) ?? null);
  const options = {
    mapping: mappingOf(mapping),
    dry_run: flagOf(dry_run),
    tags: tagsOf([tags].flat()),
    statuses: statusesOf(statuses),
    header_row: rowNumberOf(header_row),
  };
  for (const name of ['mapping', 'dry_run', 'tags', 'statuses', 'header_row'] as const) {
    if (options[name] === undefined) errors[name] = [FAULTS[name]];
  }
  if (delimiters === null) errors['delimiter'] = [FAULTS.delimiter];
  demandNoFaults(errors);
  const { header_row: headerRow, ...fit } = options;
  return {
    ...(fit as Pick<ImportOptions, keyof typeof fit>),
    headerRow: headerRow ?? undefined,
    delimiter: delimiters ?? undefined,
    encoding: encodingNamed(textOf(encoding)),
  };
}

function textOf(given: unknown): string | undefined {
  return typeof given === 'string' && given !== '' ? given : undefined;
}

function statusesOf(given: unknown): ReadonlyMap<string, SubscriberStatus> | undefined {
  const words = mappingOf(given);
  const isStatus = (status: string | null) => (SUBSCRIBER_STATUSES as readonly (string | null)[]).includes(status);
  if (words === undefined || !Object.values(words).every(isStatus)) return undefined;
  return new Map(Object.entries(words).map(([word, status]) => [foldedWord(word), status as SubscriberStatus]));
}

function mappingOf(given: unknown): ColumnMapping | undefined {
  const value = typeof given === 'string' ? jsonIn(given.trim() || '{}') : given;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fits = Object.values(value).every((field) => field === null || typeof field === 'string');
  return fits ? (value as ColumnMapping) : undefined;
}

/** Null if it is not given, undefined if it is no row. */
function rowNumberOf(given: unknown): number | null | undefined {
  if (given === undefined || given === '') return null;
  const number = /^\d{1,3}$/.test(String(given)) ? Number(given) : Number.NaN;
  return number <= MOST_ROWS_ABOVE ? number : undefined;
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
