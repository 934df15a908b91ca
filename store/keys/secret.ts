import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM = 34;
const CHECKSUM = 6;
const ISSUED = /^evp_[0-9A-Za-z]{40}$/;

/** `evp_`, 34 random characters of base 62 (202 bits) and 6 characters of their CRC-32. */
export function newSecret(): string {
  const head = `evp_${Array.from({ length: RANDOM }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`;
  return head + checksum(head);
}

/** Whether the checksum is valid: secret scanners can detect a leaked key offline. */
export function isWellFormed(secret: string): boolean {
  return ISSUED.test(secret) && secret.endsWith(checksum(secret.slice(0, -CHECKSUM)));
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function checksum(text: string): string {
  let left = crc32(text);
  let digits = '';
  for (let place = 0; place < CHECKSUM; place += 1) {
    digits = ALPHABET.charAt(left % ALPHABET.length) + digits;
    left = Math.floor(left / ALPHABET.length);
  }
  return digits;
}
