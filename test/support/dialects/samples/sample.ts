import { readCurl } from '../../api/curl.js';
import type { DocumentName, Language } from '../documents.js';
import type { Item } from '../replayers.js';

/** A request as a document shows it, and its documented answer. */
export interface Sample {
  readonly document: DocumentName;
  readonly name: string;
  /** A curl line, word for word: `curl` runs it in a shell, the others ask the same. */
  readonly line?: string;
  /** A request of which the document shows the parts. */
  readonly request?: Extract<Item, { method: string }>;
  /** A program, word for word, for its own language alone. */
  readonly program?: { readonly language: Language; readonly code: string };
  readonly statuses: readonly number[];
  /** The documented answer; none: an empty one. */
  readonly shape?: unknown;
  /** Fields that may be null although the one example of the document has them filled. */
  readonly empty?: readonly string[];
}

/** The same request without a shell. */
export function itemOf({ line, request, program }: Sample): Item {
  if (program !== undefined) return { code: program.code };
  if (request !== undefined) return request;
  const { payload, ...fields } = readCurl(line ?? '');
  return { ...fields, ...(payload !== undefined && { body: payload }) };
}
