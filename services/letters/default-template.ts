import { type DefaultTemplate, FIRST_DEFAULT_TEMPLATE } from '../../domain/template.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Templates } from '../../store/templates/templates.js';

interface DefaultStores {
  readonly accounts: Accounts;
  readonly templates: Templates;
}

/** The template of campaigns that name none: the account's default while it exists, else Everpost's first. */
export async function defaultTemplate(
  { accounts, templates }: DefaultStores,
  account: number,
): Promise<DefaultTemplate> {
  const chosen = (await accounts.find(account))?.default_template ?? null;
  const exists = chosen !== null && typeof (await templates.find(account, chosen)) === 'object';
  return exists ? { id: chosen, isChosen: true } : { id: FIRST_DEFAULT_TEMPLATE, isChosen: false };
}
