import { createWriteStream } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http';
import { request } from 'node:https';
import { pipeline } from 'node:stream/promises';

const FIRST_BYTE_MS = 10_000;
const STALLED_MS = 30_000;

/** Opens a download; fails if the first byte does not arrive within the deadline. Follows redirects. */
export async function open(url: string, deadlineMs = FIRST_BYTE_MS, hops = 5): Promise<IncomingMessage> {
  const response = await responseOf(new URL(url), deadlineMs);
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) return response;
  response.destroy();
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined && hops > 0) {
    return open(new URL(headers.location, url).href, deadlineMs, hops - 1);
  }
  throw new Error(`${new URL(url).host} answered ${statusCode}`);
}

function responseOf(url: URL, deadlineMs: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = { headers: { 'user-agent': 'everpost' } };
    const call = url.protocol === 'http:' ? requestPlain(url, options) : request(url, options);
    const deadline = setTimeout(
      () => call.destroy(new Error(`${url.host} did not answer within ${deadlineMs / 1000} s`)),
      deadlineMs,
    );
    call.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    call.once('response', (response) => {
      clearTimeout(deadline);
      response.setTimeout(STALLED_MS, () => response.destroy(new Error(`${url.host} stopped sending`)));
      resolve(response);
    });
    call.end();
  });
}

export async function downloadJson(url: string, deadlineMs = FIRST_BYTE_MS): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of await open(url, deadlineMs)) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

export async function downloadFile(url: string, path: string): Promise<void> {
  await pipeline(await open(url), createWriteStream(path));
}
