import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, type ZlibOptions } from 'node:zlib';

/** A body may be compressed in this many layers; more are taken for an attack. */
const MOST_LAYERS = 2;

export type Unpacked =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'failed'; readonly why: 'too large' | 'unknown compression' | 'broken compression' };

/**
 * Removes the compression that Content-Encoding names, and gzip that it does not name. Holds at most `limit` bytes, however
 * far the body would expand.
 */
export function unpacked(body: Buffer, contentEncoding: string | null, limit: number): Unpacked {
  const layers = (contentEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity' && name !== 'utf-8');
  if (layers.length > MOST_LAYERS) return { kind: 'failed', why: 'unknown compression' };
  try {
    const bytes = layers.reverse().reduce((inner, layer) => withoutLayer(inner, layer, limit), body);
    return { kind: 'bytes', bytes: isGzip(bytes) ? gunzipSync(bytes, { maxOutputLength: limit }) : bytes };
  } catch (error) {
    return { kind: 'failed', why: troubleIn(error) };
  }
}

class UnknownLayer extends Error {
  override readonly name = 'UnknownLayer';
}

/** Some servers name a compression that they, or a proxy on the way, have not applied: such a body is taken as it is. */
function withoutLayer(bytes: Buffer, layer: string, limit: number): Buffer {
  const options: ZlibOptions = { maxOutputLength: limit };
  switch (layer) {
    case 'gzip':
    case 'x-gzip':
      return isGzip(bytes) ? gunzipSync(bytes, options) : bytes;
    case 'deflate':
      return orText(bytes, () => (isZlib(bytes) ? inflateSync(bytes, options) : inflateRawSync(bytes, options)));
    case 'br':
      return orText(bytes, () => brotliDecompressSync(bytes, { maxOutputLength: limit }));
    default:
      throw new UnknownLayer(layer);
  }
}

function orText(bytes: Buffer, unpack: () => Buffer): Buffer {
  try {
    return unpack();
  } catch (error) {
    if (troubleIn(error) === 'broken compression' && isText(bytes)) return bytes;
    throw error;
  }
}

function troubleIn(error: unknown): Extract<Unpacked, { kind: 'failed' }>['why'] {
  if (error instanceof UnknownLayer) return 'unknown compression';
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'broken compression';
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** RFC 1950: the first two bytes are a multiple of 31. */
function isZlib(bytes: Buffer): boolean {
  return ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0;
}

/** Whether the document begins like XML or JSON. */
function isText(bytes: Buffer): boolean {
  return /^(?:\ufeff|\xef\xbb\xbf)?\s*[<{[]/.test(bytes.subarray(0, 64).toString('latin1'));
}
