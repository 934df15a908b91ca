import { createHmac, timingSafeEqual } from 'node:crypto';
import type { LinkKey } from './link-tokens.js';

/** Which question a link answers, and for whom: it is worth nothing for another letter of the same campaign. */
export interface ApprovalLink {
  readonly campaign: number;
  readonly launch: number;
  readonly revision: number;
  /** Hash of the rendered letter, in hex; read back, its first twelve digits. */
  readonly letter: string;
  readonly member: number;
}

/** No other token begins with it, so that none can be used for another. */
const APPROVAL = 16;
const LETTER = 6;
const PAYLOAD = 24 + LETTER;
const MAC = 12;
const TOKEN = /^[A-Za-z0-9_-]{56}$/;

/** Links that approve a campaign, signed as all public links are: 56 characters, no address in them. */
export function approvalTokens(ring: readonly LinkKey[]) {
  return {
    sign: ({ campaign, member, launch, revision, letter }: ApprovalLink): string => {
      const current = ring.find((entry) => entry.current);
      if (current === undefined) throw new Error('the key ring for links has no current key');
      const token = Buffer.alloc(PAYLOAD + MAC);
      token.writeUInt8(APPROVAL, 0);
      token.writeUInt16BE(current.kid, 1);
      token.writeUIntBE(campaign, 3, 6);
      token.writeUIntBE(member, 9, 6);
      token.writeUIntBE(launch, 15, 4);
      token.writeUIntBE(revision, 19, 5);
      token.write(letter.slice(0, 2 * LETTER), 24, LETTER, 'hex');
      mac(current.key, token).copy(token, PAYLOAD);
      return token.toString('base64url');
    },

    /** Undefined for anything that this ring did not sign. */
    read: (text: string): ApprovalLink | undefined => {
      if (!TOKEN.test(text)) return undefined;
      const token = Buffer.from(text, 'base64url');
      const key = ring.find(({ kid }) => kid === token.readUInt16BE(1))?.key;
      if (token[0] !== APPROVAL || key === undefined) return undefined;
      if (!timingSafeEqual(mac(key, token), token.subarray(PAYLOAD))) return undefined;
      return {
        campaign: token.readUIntBE(3, 6),
        member: token.readUIntBE(9, 6),
        launch: token.readUIntBE(15, 4),
        revision: token.readUIntBE(19, 5),
        letter: token.toString('hex', 24, PAYLOAD),
      };
    },
  };
}

function mac(key: Buffer, token: Buffer): Buffer {
  return createHmac('sha256', key).update(token.subarray(0, PAYLOAD)).digest().subarray(0, MAC);
}

/** Where an approver sees what is asked, and answers. */
export function approvalUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/approve/${token}`;
}
