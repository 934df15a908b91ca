import { now } from '../../clock.js';
import type { Config } from '../../config.js';
import { type Brand, DEFAULT_BRAND, isUnnamed } from '../../domain/brand/brand.js';
import type { Language } from '../../domain/language.js';
import { postalAddressOf } from '../../domain/subscriber/confirmation.js';
import { matchLanguage, SYSTEM_MAIL_TEMPLATE } from '../../domain/template.js';
import type { Renderer } from '../../mail/render/pool.js';
import { confirmationJob } from '../../mail/system/confirmation.js';
import { confirmUrl, type LinkTokens } from '../../mail/tokens/link-tokens.js';
import { acceptSystemMail } from '../../services/accept-system-mail.js';
import type { GroupStores } from '../../services/message/message-group.js';
import { accountSender } from '../../services/sender.js';
import { type Account, type Accounts, isActive } from '../../store/accounts/accounts.js';
import type { Confirmations } from '../../store/confirmations/confirmations.js';
import type { Confirmation } from '../../store/confirmations/row.js';
import type { List, Lists } from '../../store/lists/lists.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';
import type { Templates } from '../../store/templates/templates.js';
import type { ConfirmationInput } from '../../workflows/messages/confirmation.js';

export interface ConfirmationDeps extends GroupStores {
  readonly confirmations: Confirmations;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly lists: Pick<Lists, 'find'>;
  readonly subscribers: Pick<Subscribers, 'find'>;
  readonly linkTokens: Pick<LinkTokens, 'forConfirmation'>;
  readonly templates: Pick<Templates, 'publishedEdition'>;
  readonly renderer: Pick<Renderer, 'render'>;
  readonly config: Pick<Config, 'publicUrl' | 'mailFrom'>;
}

/** ISO 8601. */
export interface Deadlines {
  readonly remindAt: string;
  readonly expiresAt: string;
}

const DAY = 24 * 3_600_000;
/** The sweep checks a deadline this much later. */
const SWEEP_DELAY = 60_000;

/** The steps of a request with double opt-in. Each may be repeated: the row records what is done. */
export function confirmationActivities(deps: ConfirmationDeps) {
  const { confirmations } = deps;
  return {
    /** Sends the confirmation mail; null if none is needed, or the request has ended. */
    requestConfirmation: async ({ account, confirmation }: ConfirmationInput): Promise<Deadlines | null> => {
      const row = await confirmations.open(account, confirmation);
      if (row?.state !== 'open') return null;
      // A mail whose link has expired would be useless.
      if (row.expires_at > now()) await mailSubscriber(deps, row, false);
      await confirmations.sweepAgain(row._id, sweepTimeAfter(row.remind_at));
      return { remindAt: row.remind_at.toISOString(), expiresAt: row.expires_at.toISOString() };
    },

    isConfirmationPending: ({ account, confirmation }: ConfirmationInput): Promise<boolean> =>
      confirmations.isStillWaiting(account, confirmation),

    /** Sends the reminder, once. */
    sendConfirmationReminder: async ({ account, confirmation }: ConfirmationInput): Promise<void> => {
      if (!(await confirmations.isStillWaiting(account, confirmation))) return;
      const row = await confirmations.find(account, confirmation);
      if (row === null || row.expires_at <= now()) return;
      await mailSubscriber(deps, row, true);
      await confirmations.sweepAgain(row._id, sweepTimeAfter(row.expires_at));
    },

    expireConfirmation: ({ account, confirmation }: ConfirmationInput): Promise<void> =>
      confirmations.expire(account, confirmation),

    confirmationState: async ({ account, confirmation }: ConfirmationInput): Promise<string> =>
      (await confirmations.find(account, confirmation))?.state ?? 'gone',
  };
}

async function mailSubscriber(deps: ConfirmationDeps, row: Confirmation, reminder: boolean): Promise<void> {
  const [list, account, subscriber] = await Promise.all([
    deps.lists.find(row.account, row.list_id),
    deps.accounts.find(row.account),
    deps.subscribers.find(row.account, row.subscriber ?? 0),
  ]);
  if (typeof list === 'string' || typeof subscriber === 'string' || !isActive(account)) return;
  const { reply_to, from } = list.defaults;
  const job = confirmationJob({
    language: row.language,
    list: list.name,
    url: confirmUrl(deps.config.publicUrl, deps.linkTokens.forConfirmation(row._id, subscriber._id)),
    days: Math.round((row.expires_at.getTime() - row.requested_at.getTime()) / DAY),
    reminder,
    brand: brandFor(list, account),
    template: await plainLetter(deps, row.account, row.language),
  });
  await acceptSystemMail(deps, {
    account: row.account,
    key: `confirmation ${row._id} ${reminder ? 'reminder' : 'request'}`,
    from: from ?? (await accountSender(deps, row.account)),
    reply_to: reply_to === null ? null : { email: reply_to, name: null },
    to: { email: subscriber.email, name: null },
    tags: ['confirmation'],
    due: reminder ? row.remind_at : row.requested_at,
    subject: job.subject,
    html: (await deps.renderer.render(row.account, job)).html,
    text: job.text,
  });
}

/** The account's brand; the company, the sender and the name of the list fill what the brand lacks. */
function brandFor({ company, defaults, name: list }: List, account: Account | null): Brand {
  const brand = account?.brand ?? DEFAULT_BRAND;
  const postal_address = brand.postal_address ?? (postalAddressOf(company) || null);
  const own = account === null || isUnnamed(account) ? null : account.name;
  const name = brand.name ?? company.name ?? own ?? defaults.from?.name ?? list;
  return { ...brand, name, postal_address };
}

/** Everpost's plain letter, which contains the body and nothing else. */
async function plainLetter({ templates }: ConfirmationDeps, account: number, language: Language) {
  const edition = await templates.publishedEdition(account, SYSTEM_MAIL_TEMPLATE);
  const { format, source } = (edition && matchLanguage(edition, language)?.content) ?? {};
  if (format === undefined || source === undefined) throw new Error('the plain letter is missing');
  return { format, source };
}

function sweepTimeAfter(deadline: Date): Date {
  return new Date(deadline.getTime() + SWEEP_DELAY);
}
