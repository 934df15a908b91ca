import type { WebClient } from './client.js';

/** The result of fetching a document from an address that a caller named. */
export type FetchedDocument =
  | { readonly kind: 'document'; readonly text: string; readonly etag: string | null; readonly modified: string | null }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly why: string };

export interface DocumentRequest {
  readonly url: string;
  readonly accept: string;
  /** Validators of the last answer, so that the server does not send an unchanged document again. */
  readonly etag?: string | null;
  readonly modified?: string | null;
}

/** Bytes; longer documents are refused. */
const LONGEST = 2_000_000;
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
      maxBytes: LONGEST,
    });
    if (answer.kind === 'failed') return { kind: 'failed', why: answer.why };
    const { status, body, whole, headers } = answer;
    if (MOVED.includes(status) && headers.location !== null && URL.canParse(headers.location, url)) {
      url = new URL(headers.location, url).href;
      continue;
    }
    if (status === 304) return { kind: 'unchanged' };
    if (status !== 200) return { kind: 'failed', why: `status ${status}` };
    if (!whole) return { kind: 'failed', why: body.length >= LONGEST ? 'too large' : 'broken off' };
    return { kind: 'document', text: body.toString('utf8'), etag: headers.etag, modified: headers.modified };
  }
  return { kind: 'failed', why: 'too many redirects' };
}

function headersOf({ accept, etag, modified }: DocumentRequest): Record<string, string> {
  return {
    'user-agent': 'Everpost/1 (newsletters)',
    accept,
    ...(etag != null && { 'if-none-match': etag }),
    ...(modified != null && { 'if-modified-since': modified }),
  };
}
