import { createHmac, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { signedTextOf } from '../../../api/providers/sns.js';
import { now } from '../../../clock.js';
import { packageRoot } from '../../../config.js';
import { aCertificate } from './certificate.js';
import type { AboutMail } from './reports.js';

export const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:everpost';
export const CERTIFICATE_URL = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem';
export const SNS = aCertificate('sns.amazonaws.com');
const SENDGRID = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
export const SENDGRID_KEY = SENDGRID.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
export const MAILGUN_KEY = 'a signing key for the tests';

export interface Signed {
  readonly payload: string;
  readonly headers: Record<string, string>;
}

/** A document of `test/fixtures/providers` about a mail. */
export function aDocument(name: string, about: AboutMail & { readonly email: string }): string {
  const text = readFileSync(join(packageRoot(), 'test/fixtures/providers', `${name}.json`), 'utf8');
  return text
    .replaceAll('{{email}}', about.email)
    .replaceAll('{{message_id}}', about.messageId)
    .replaceAll('{{return_path}}', about.returnPath);
}

/** As SNS posts it: signed over its fields, called text. */
export function bySns(message: string, over: Record<string, unknown> = {}, signer = SNS): Signed {
  const document: Record<string, unknown> = {
    Type: 'Notification',
    MessageId: randomBytes(16).toString('hex'),
    TopicArn: TOPIC,
    Message: message,
    Timestamp: now().toISOString(),
    SignatureVersion: '2',
    SigningCertURL: CERTIFICATE_URL,
    UnsubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe',
    ...over,
  };
  const algorithm = document['SignatureVersion'] === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
  const Signature = createSign(algorithm).update(signedTextOf(document)).sign(signer.privateKey, 'base64');
  return {
    payload: JSON.stringify({ ...document, Signature }),
    headers: { 'content-type': 'text/plain; charset=UTF-8', 'x-amz-sns-message-type': String(document['Type']) },
  };
}

export function bySendgrid(payload: string, at = now(), key = SENDGRID.privateKey): Signed {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signature = createSign('SHA256')
    .update(timestamp + payload)
    .sign(key, 'base64');
  const prefix = 'x-twilio-email-event-webhook';
  const marks = { [`${prefix}-signature`]: signature, [`${prefix}-timestamp`]: timestamp };
  return { payload, headers: { 'content-type': 'application/json', ...marks } };
}

export interface MailgunMark {
  readonly at?: Date;
  readonly token?: string;
  readonly key?: string;
}

export function byMailgun(event: string, { at = now(), token, key = MAILGUN_KEY }: MailgunMark = {}): Signed {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const secret = token ?? randomBytes(25).toString('hex');
  const signature = createHmac('sha256', key)
    .update(timestamp + secret)
    .digest('hex');
  const mark = { timestamp, token: secret, signature };
  return {
    payload: JSON.stringify({ signature: mark, 'event-data': JSON.parse(event) }),
    headers: { 'content-type': 'application/json' },
  };
}

export function byPostmark(payload: string, login?: string): Signed {
  const authorization = login === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
  return { payload, headers: { 'content-type': 'application/json', ...authorization } };
}
