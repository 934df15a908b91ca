import { FIRST_DEFAULT_TEMPLATE } from '../../domain/template.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Templates } from '../../store/templates/templates.js';

interface DefaultStores {
  readonly accounts: Accounts;
  readonly templates: Templates;
}

/** The template of campaigns that name none: the account's default while it exists, else Everpost's first. */
export async function defaultTemplate({ accounts, templates }: DefaultStores, account: number): Promise<number> {
  const chosen = (await accounts.find(account))?.default_template ?? FIRST_DEFAULT_TEMPLATE;
  return typeof (await templates.find(account, chosen)) === 'object' ? chosen : FIRST_DEFAULT_TEMPLATE;
}
