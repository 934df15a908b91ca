import type { Config } from '../config.js';
import { type BadKey, testedSigner } from '../mail/dkim/keys.js';
import { type Signer, signedMail } from '../mail/dkim/sign.js';
import { signingPool } from '../mail/dkim/threads/pool.js';
import type { SplicedMail, Unrenderable } from '../mail/letter/letter.js';
import type { Domains, OpenKey } from '../store/domains/domains.js';

export interface SigningDeps {
  readonly domains: Pick<Domains, 'signersFor' | 'verifiedFor'>;
  readonly config: Pick<Config, 'requireVerifiedDomains'>;
}

/**
 * The keys that sign mail from a domain (none if the account has not added the domain), or the reason why it may not be
 * sent.
 */
export type SigningStatus =
  | { readonly kind: 'signers'; readonly signers: readonly Signer[] }
  | BadKey
  | { readonly kind: 'domain_not_verified'; readonly domain: string; readonly reason: string };

export type Signing = ReturnType<typeof signing>;

const CACHE_SIZE = 256;

/** The keys of sender domains. A process tests each key once before it signs mail. */
export function signing({ domains, config }: SigningDeps) {
  const tried = new Map<string, Promise<Signer | BadKey>>();
  const pool = signingPool();

  const tryOnce = (key: OpenKey): Promise<Signer | BadKey> => {
    const name = [key.domain, key.selector, key.publicKey, key.privateKey.toString('base64')].join(' ');
    const result = tried.get(name) ?? testedSigner(key);
    tried.delete(name);
    tried.set(name, result);
    for (const oldest of tried.keys()) {
      if (tried.size <= CACHE_SIZE) break;
      tried.delete(oldest);
    }
    return result;
  };

  const statusOf = async (account: number, domain: string): Promise<SigningStatus> => {
    const keys = await domains.signersFor(account, domain);
    const mismatched = keys.find((key) => key.mismatched);
    if (mismatched !== undefined) return badKey(mismatched, 'Another key is published under its name.');
    if (config.requireVerifiedDomains && !(await domains.verifiedFor(account, domain))) {
      return { kind: 'domain_not_verified', domain, reason: `The domain ${domain} is not verified.` };
    }
    const results = await Promise.all(keys.map(tryOnce));
    const signers: Signer[] = [];
    for (const result of results) {
      if ('kind' in result) return result;
      signers.push(result);
    }
    return { kind: 'signers', signers };
  };

  return {
    statusOf,

    /** Signs one of many mails in worker threads, with the keys that `statusOf` returned for its sender. */
    inThreads: pool.sign,

    /** Signs a single finished mail with the keys of its sender's domain. Mail that cannot be signed is not sent. */
    signed: async (account: number, mail: SplicedMail): Promise<SplicedMail | Unrenderable> => {
      const { from } = mail.envelope;
      const found = await statusOf(account, from.slice(from.lastIndexOf('@') + 1).toLowerCase());
      if (found.kind === 'signers') return signedMail(mail, found.signers);
      return { kind: 'unrenderable', class: found.kind, scope: 'message', code: null, reason: found.reason };
    },

    close: pool.close,
  };
}

function badKey({ domain, selector }: OpenKey, reason: string): BadKey {
  return { kind: 'bad_signing_key', domain, selector, reason };
}
