import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Certificate {
  readonly pem: string;
  readonly privateKey: KeyObject;
}

const RSA_WITH_SHA256 = '2a864886f70d01010b';
const COMMON_NAME = '550403';

/** A certificate that vouches for itself: an X.509 v1 of the fewest fields (RFC 5280 §4.1). */
export function aCertificate(name: string, from = '20200101000000Z', to = '20491231235959Z'): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const algorithm = der(0x30, der(0x06, Buffer.from(RSA_WITH_SHA256, 'hex')), der(0x05));
  const oneName = der(0x30, der(0x06, Buffer.from(COMMON_NAME, 'hex')), der(0x0c, Buffer.from(name)));
  const subject = der(0x30, der(0x31, oneName));
  const validity = der(0x30, der(0x18, Buffer.from(from)), der(0x18, Buffer.from(to)));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = der(0x30, der(0x02, Buffer.from([1])), algorithm, subject, validity, subject, spki);
  const signature = der(0x03, Buffer.from([0]), sign('RSA-SHA256', body, privateKey));
  const whole = der(0x30, body, algorithm, signature).toString('base64').replace(/.{64}/g, '$&\n');
  return { pem: `-----BEGIN CERTIFICATE-----\n${whole}\n-----END CERTIFICATE-----\n`, privateKey };
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const n = content.length;
  const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
