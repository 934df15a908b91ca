import type { WebClient, WebResponse } from './client.js';
import { documentText } from './decoding/document-text.js';
import { unpacked } from './decoding/unpack.js';

/** The result of fetching a document from an address that a caller named. */
export type FetchedDocument =
  | {
      readonly kind: 'document';
      readonly text: string;
      /** The address after all redirects. */
      readonly url: string;
      readonly etag: string | null;
      readonly modified: string | null;
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly why: string };

export interface DocumentRequest {
  readonly url: string;
  readonly accept: string;
  /** Validators of the last answer, so that the server does not send an unchanged document again. */
  readonly etag?: string | null;
  readonly modified?: string | null;
}

/** Bytes, as sent and unpacked; longer documents are refused. */
export const LONGEST_DOCUMENT = 2_000_000;
const TIMEOUT = 15_000;
const REDIRECTS = 3;
const MOVED = [301, 302, 303, 307, 308];

/**
 * Fetches a whole document; an incomplete one is a failure. Follows redirects and checks each target like the first
 * address.
 */
export async function fetchDocument(web: Pick<WebClient, 'send'>, wanted: DocumentRequest): Promise<FetchedDocument> {
  let { url } = wanted;
  for (let hops = 0; hops <= REDIRECTS; hops += 1) {
    const answer = await web.send({
      method: 'GET',
      url,
      headers: headersOf(wanted),
      timeout: TIMEOUT,
      maxBytes: LONGEST_DOCUMENT,
    });
    if (answer.kind === 'failed') return { kind: 'failed', why: answer.why };
    const { status, headers } = answer;
    if (MOVED.includes(status) && headers.location !== null && URL.canParse(headers.location, url)) {
      url = new URL(headers.location, url).href;
      continue;
    }
    if (status === 304) return { kind: 'unchanged' };
    if (status !== 200) return { kind: 'failed', why: `status ${status}` };
    return documentOf(answer, url);
  }
  return { kind: 'failed', why: 'too many redirects' };
}

function documentOf({ body, whole, headers }: WebResponse & { kind: 'answered' }, url: string): FetchedDocument {
  if (!whole) return { kind: 'failed', why: body.length >= LONGEST_DOCUMENT ? 'too large' : 'broken off' };
  const content = unpacked(body, headers.contentEncoding, LONGEST_DOCUMENT);
  if (content.kind === 'failed') return content;
  const text = documentText(content.bytes, headers.contentType);
  return { kind: 'document', text, url, etag: headers.etag, modified: headers.modified };
}

function headersOf({ accept, etag, modified }: DocumentRequest): Record<string, string> {
  return {
    'user-agent': 'Everpost/1 (newsletters)',
    accept,
    'accept-encoding': 'gzip, deflate, br',
    ...(etag != null && { 'if-none-match': etag }),
    ...(modified != null && { 'if-modified-since': modified }),
  };
}
