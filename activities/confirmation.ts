import { now } from '../clock.js';
import type { Config } from '../config.js';
import { type Brand, DEFAULT_BRAND } from '../domain/brand.js';
import { addressOf } from '../domain/confirmation.js';
import type { Language } from '../domain/language.js';
import { chosenLanguage, PLAIN_LETTER } from '../domain/template.js';
import { confirmationJob } from '../mail/confirmation.js';
import type { Renderer } from '../mail/render/pool.js';
import { chosenSender } from '../mail/sender.js';
import { confirmUrl, type LinkTokens } from '../mail/tokens.js';
import { type Account, type Accounts, isActive } from '../store/accounts.js';
import type { Confirmation } from '../store/confirmation/row.js';
import type { Confirmations } from '../store/confirmations.js';
import type { List, Lists } from '../store/lists.js';
import type { Subscribers } from '../store/subscribers.js';
import type { Templates } from '../store/templates.js';
import type { ConfirmationInput } from '../workflows/messages.js';
import { acceptNote, type NoteDeps } from './message/note.js';

export interface ConfirmationDeps extends NoteDeps {
  readonly confirmations: Confirmations;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly lists: Pick<Lists, 'find'>;
  readonly subscribers: Pick<Subscribers, 'find'>;
  readonly links: Pick<LinkTokens, 'forConfirmation'>;
  readonly templates: Pick<Templates, 'inUse'>;
  readonly renderer: Pick<Renderer, 'render'>;
  readonly config: Pick<Config, 'publicUrl' | 'mailFrom'>;
}

/** ISO 8601. */
export interface Deadlines {
  readonly remindAt: string;
  readonly expiresAt: string;
}

const DAY = 24 * 3_600_000;
/** Beyond the deadline by as much the sweep looks whether somebody has kept it. */
const SWEPT_AFTER = 60_000;

/** The steps of a request to be put on a list that asks back. Each may be repeated: the row says what is done. */
export function confirmationActivities(deps: ConfirmationDeps) {
  const { confirmations } = deps;
  return {
    /** Asks the person by mail; null where nobody is asked, or the request is over. */
    askForConfirmation: async ({ account, confirmation }: ConfirmationInput): Promise<Deadlines | null> => {
      const row = await confirmations.open(account, confirmation);
      if (row?.state !== 'open') return null;
      // Whoever was not asked in time is not asked about a link that is worth nothing any more.
      if (row.expires_at > now()) await mailTo(deps, row, false);
      await confirmations.lookAgain(row._id, after(row.remind_at));
      return { remindAt: row.remind_at.toISOString(), expiresAt: row.expires_at.toISOString() };
    },

    confirmationStillWaits: ({ account, confirmation }: ConfirmationInput): Promise<boolean> =>
      confirmations.stillWaits(account, confirmation),

    /** The one reminder. */
    remindOfConfirmation: async ({ account, confirmation }: ConfirmationInput): Promise<void> => {
      if (!(await confirmations.stillWaits(account, confirmation))) return;
      const row = await confirmations.find(account, confirmation);
      if (row === null || row.expires_at <= now()) return;
      await mailTo(deps, row, true);
      await confirmations.lookAgain(row._id, after(row.expires_at));
    },

    expireConfirmation: ({ account, confirmation }: ConfirmationInput): Promise<void> =>
      confirmations.expire(account, confirmation),

    confirmationState: async ({ account, confirmation }: ConfirmationInput): Promise<string> =>
      (await confirmations.find(account, confirmation))?.state ?? 'gone',
  };
}

async function mailTo(deps: ConfirmationDeps, row: Confirmation, reminder: boolean): Promise<void> {
  const [list, account, person] = await Promise.all([
    deps.lists.find(row.account, row.list_id),
    deps.accounts.find(row.account),
    deps.subscribers.find(row.account, row.subscriber ?? 0),
  ]);
  if (typeof list === 'string' || typeof person === 'string' || !isActive(account)) return;
  const lastResort = account?.mail_from ?? deps.config.mailFrom;
  const { reply_to, from } = list.defaults;
  const job = confirmationJob({
    language: row.language,
    list: list.name,
    url: confirmUrl(deps.config.publicUrl, deps.links.forConfirmation(row._id, person._id)),
    days: Math.round((row.expires_at.getTime() - row.asked_at.getTime()) / DAY),
    reminder,
    brand: brandFor(list, account),
    template: await plainLetter(deps, row.account, row.language),
  });
  await acceptNote(deps, {
    account: row.account,
    key: `confirmation ${row._id} ${reminder ? 'reminder' : 'request'}`,
    from: chosenSender({ campaign: null, list: from, lastResort }),
    reply_to: reply_to === null ? null : { email: reply_to, name: null },
    to: { email: person.email, name: null },
    tags: ['confirmation'],
    subject: job.subject,
    html: (await deps.renderer.render(job)).html,
    text: job.text,
  });
}

/** The account's brand; of a list whose company is known, that company where the brand says nothing. */
function brandFor({ company }: List, account: Account | null): Brand {
  const brand = account?.brand ?? DEFAULT_BRAND;
  const postal_address = brand.postal_address ?? (addressOf(company) || null);
  return { ...brand, name: brand.name ?? company.name ?? account?.name ?? null, postal_address };
}

/** Everpost's plain letter: it has a place for the body and no more. */
async function plainLetter({ templates }: ConfirmationDeps, account: number, language: Language) {
  const edition = await templates.inUse(account, PLAIN_LETTER);
  const { format, source } = (edition && chosenLanguage(edition, language)?.content) ?? {};
  if (format === undefined || source === undefined) throw new Error('the plain letter is not there');
  return { format, source };
}

function after(deadline: Date): Date {
  return new Date(deadline.getTime() + SWEPT_AFTER);
}
