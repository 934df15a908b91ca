import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The stored form of a secret: base64url of nonce, ciphertext and tag, joined by dots. */
export type Sealed = string;

export interface Sealing {
  seal(secret: Buffer): Sealed;
  /** Throws where the value was sealed with another secret or modified. */
  open(sealed: Sealed): Buffer;
}

/** AES-256-GCM under a key derived from `EVERPOST_SECRET`; `purpose` separates the seals of different collections. */
export function sealing(secret: string, purpose: string): Sealing {
  const key = Buffer.from(hkdfSync('sha256', secret, 'everpost', purpose, 32));
  return {
    seal: (plain) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      return [nonce, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url')).join('.');
    },
    open: (sealed) => {
      const [nonce, body, tag] = sealed.split('.').map((part) => Buffer.from(part, 'base64url'));
      if (nonce === undefined || body === undefined || tag?.length !== 16) throw new Error('This is not a seal');
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 }).setAuthTag(tag);
      return Buffer.concat([decipher.update(body), decipher.final()]);
    },
  };
}

/** The secret of an embedded start: created once, readable by its owner only, shared by all processes of the folder. */
export function keptSecret(dataDir: string): string {
  const kept = join(dataDir, 'secret');
  const read = () => readFileSync(kept, 'utf8').trim();
  mkdirSync(dataDir, { recursive: true });
  const mine = `${kept}.${process.pid}.${randomBytes(6).toString('hex')}`;
  writeFileSync(mine, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  try {
    // A link is created whole or refused: of two processes one creates the secret, and both read it.
    linkSync(mine, kept);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(mine, { force: true });
  }
  return read();
}
