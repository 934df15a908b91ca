import { Agent, request } from 'undici';
import { monotonic } from '../clock.js';
import { type AddressGuard, addressGuard } from './address-guard.js';
import { ForbiddenAddress, guardedConnector, type Resolve } from './connector.js';

export interface WebRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for name resolution, connection and answer together. */
  readonly timeout: number;
  /** The client reads at most this many bytes of the answer and then closes the connection. */
  readonly maxBytes: number;
}

/**
 * Stable words for callers. Messages of resolvers and sockets are not exposed, because they describe the internal
 * network.
 */
type WebTrouble = 'forbidden_address' | 'timeout' | 'tls' | 'connection' | 'bad_answer';

export type WebResponse =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: Buffer;
      /** Whether the body is complete, neither cut at `maxBytes` nor interrupted. */
      readonly whole: boolean;
      readonly headers: ResponseHeaders;
      readonly retryAfter: string | null;
      readonly ms: number;
    }
  | { readonly kind: 'failed'; readonly why: WebTrouble; readonly ms: number };

/** Selected headers of an answer. */
interface ResponseHeaders {
  readonly etag: string | null;
  readonly modified: string | null;
  readonly location: string | null;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
}

export interface WebClient extends AddressGuard {
  /** Sends one request to a host that a caller named. Redirects are returned, not followed. */
  send(outgoing: WebRequest): Promise<WebResponse>;
  close(): Promise<void>;
}

export interface WebClientOptions {
  /** `ALLOWED_PRIVATE_HOSTS`. */
  readonly exceptions: readonly string[];
  /** Tests only: another resolver. */
  readonly resolve?: Resolve;
}

const USER_AGENT = 'Everpost/1 (webhooks)';

/** The only client for hosts that callers name, such as webhook endpoints and feeds. */
export function webClient({ exceptions, resolve }: WebClientOptions): WebClient {
  const guard = addressGuard(exceptions);
  // Endpoints on one host do not share a connection limit, so a slow endpoint does not delay others.
  const dispatcher = new Agent({ connect: guardedConnector(guard, resolve) });

  return {
    ...guard,
    send: async (outgoing) => {
      const startedAt = monotonic();
      const ms = () => Math.round(monotonic() - startedAt);
      if (guard.faultOf(outgoing.url) !== undefined) return { kind: 'failed', why: 'forbidden_address', ms: 0 };
      const signal = AbortSignal.timeout(outgoing.timeout);
      try {
        const { method, url, body = null } = outgoing;
        const headers = { 'user-agent': USER_AGENT, ...outgoing.headers };
        const response = await request(url, { method, headers, body, signal, dispatcher });
        const read = await firstBytes(response.body, outgoing.maxBytes);
        const header = (name: string) => [response.headers[name] ?? null].flat()[0] ?? null;
        const responseHeaders = {
          etag: header('etag'),
          modified: header('last-modified'),
          location: header('location'),
          contentType: header('content-type'),
          contentEncoding: header('content-encoding'),
        };
        const retryAfter = header('retry-after');
        return {
          kind: 'answered',
          status: response.statusCode,
          ...read,
          headers: responseHeaders,
          retryAfter,
          ms: ms(),
        };
      } catch (error) {
        return { kind: 'failed', why: signal.aborted ? 'timeout' : troubleIn(error), ms: ms() };
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** Reads the first bytes of the body. Failures while reading do not throw, because most callers need the status only. */
async function firstBytes(body: AsyncIterable<Buffer>, maxBytes: number): Promise<{ body: Buffer; whole: boolean }> {
  const parts: Buffer[] = [];
  let length = 0;
  let whole = true;
  try {
    for await (const part of body) {
      parts.push(part);
      length += part.length;
      whole = length <= maxBytes;
      if (length >= maxBytes) break;
    }
  } catch {
    // Interrupted, or too slow.
    whole = false;
  }
  return { body: Buffer.concat(parts).subarray(0, maxBytes), whole };
}

function troubleIn(error: unknown): WebTrouble {
  if (error instanceof ForbiddenAddress) return 'forbidden_address';
  if (!(error instanceof Error)) return 'connection';
  const { code = '' } = error as NodeJS.ErrnoException;
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return 'timeout';
  if (/^ERR_(?:TLS|SSL)|CERT|SELF_SIGNED|EPROTO|UNABLE_TO/.test(code)) return 'tls';
  return /^(?:HPE_|UND_ERR_(?:HEADERS_OVERFLOW|RESPONSE|INVALID))/.test(code) ? 'bad_answer' : 'connection';
}
