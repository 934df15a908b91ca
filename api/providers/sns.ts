import { createVerify, X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Failure } from '../../domain/errors.js';
import type { WebClient } from '../../web/client.js';
import { type JsonFields, textOf } from './webhook.js';

/** Hosts of SNS; only AWS can hold a certificate for them. */
const SNS_HOST = /^sns\.([a-z]{2}(?:-[a-z]+)+-\d{1,2})\.amazonaws\.com(?:\.cn)?$/;
const ALGORITHMS: Readonly<Record<string, string>> = { '1': 'RSA-SHA1', '2': 'RSA-SHA256' };
const NOTIFICATION = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
const CONFIRMATION = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
const LARGEST_CERTIFICATE = 16_384;
const FETCH_TIMEOUT_MS = 5_000;
const MAX_CERTIFICATES = 20;

/** Whether SNS may direct us to this URL: plain https to a host of SNS, in the region of the topic. */
export function isSnsUrl(text: string, region?: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, port, username, password } = new URL(text);
  const found = SNS_HOST.exec(hostname)?.[1];
  if (protocol !== 'https:' || port !== '' || username + password !== '' || found === undefined) return false;
  return region === undefined || found === region;
}

export function regionOf(topicArn: string): string | undefined {
  return /^arn:aws(?:-[a-z]+)*:sns:([a-z0-9-]+):\d+:/.exec(topicArn)?.[1];
}

/** The signing certificate of SNS; undefined where the document is not one. Throws `unavailable` where the download fails. */
export type CertificateAt = (url: string) => Promise<X509Certificate | undefined>;

/** Downloads certificates through the guarded client and caches them: SNS gives each new one a new URL. */
export function snsCertificates(web: Pick<WebClient, 'send'>): CertificateAt {
  const cache = new LRUCache<string, X509Certificate>({ max: MAX_CERTIFICATES });
  return async (url) => {
    const known = cache.get(url);
    if (known !== undefined) return known;
    if (!isSnsUrl(url) || !new URL(url).pathname.endsWith('.pem')) return undefined;
    const response = await web.send({
      method: 'GET',
      url,
      headers: {},
      timeout: FETCH_TIMEOUT_MS,
      maxBytes: LARGEST_CERTIFICATE,
    });
    if (response.kind === 'failed' || response.status >= 500) throw new Failure('unavailable');
    const found = response.status === 200 ? certificateIn(response.body) : undefined;
    if (found === undefined) return undefined;
    cache.set(url, found);
    return found;
  };
}

/** Whether SNS signed this document: version 1 with SHA-1, version 2 with SHA-256, over certain fields in order of name. */
export async function isSignedBySns(document: JsonFields, certificateAt: CertificateAt, at: Date): Promise<boolean> {
  const algorithm = ALGORITHMS[textOf(document['SignatureVersion']) ?? ''];
  const signature = textOf(document['Signature']);
  const url = textOf(document['SigningCertURL']);
  if (algorithm === undefined || signature === null || url === null) return false;
  const certificate = await certificateAt(url);
  if (certificate === undefined || !isValidAt(certificate, at)) return false;
  try {
    return createVerify(algorithm).update(signedTextOf(document)).verify(certificate.publicKey, signature, 'base64');
  } catch {
    return false;
  }
}

/** Name and value of each signed field present, one per line. */
export function signedTextOf(document: JsonFields): string {
  const names = document['Type'] === 'Notification' ? NOTIFICATION : CONFIRMATION;
  return names.flatMap((name) => (typeof document[name] === 'string' ? `${name}\n${document[name]}\n` : [])).join('');
}

function isValidAt({ validFrom, validTo }: X509Certificate, at: Date): boolean {
  return new Date(validFrom) <= at && at <= new Date(validTo);
}

function certificateIn(pem: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
