import { CODE_RULES } from './refusals/codes.js';
import { PASSING_RULES, TIME_RULES } from './refusals/passing.js';
import { POLICY_RULES } from './refusals/policy.js';
import { infrastructure, type RefusalRule, session } from './refusals/rule.js';
import { GENERAL_STATUS_RULES, STATUS_RULES } from './refusals/statuses.js';
import { UNKNOWN_USER_RULES } from './refusals/unknown-users.js';

/** Raised with every change of a rule, so that stored classes can be told apart. */
export const REFUSAL_RULES_VERSION = 5;

/** The login and the order of commands: known by the code alone. */
const SESSION_RULES: readonly RefusalRule[] = [
  { id: 'login', class: 'submission_auth', ...infrastructure, codes: [530, 534, 535, 538] },
  { id: 'out-of-order', class: 'protocol', ...session, codes: [503] },
];

/**
 * The scope and the action of each refusal, in the order of evidence: phrases of rate, quota, policy and time; phrases
 * of unknown users; the enhanced status; the basic code. Only scope `address` suppresses an address: at once if the
 * mailbox does not exist, after some time if it stays full or disabled.
 */
export const REFUSAL_RULES: readonly RefusalRule[] = [
  ...SESSION_RULES,
  ...PASSING_RULES,
  { id: 'login-later', class: 'submission_auth', ...infrastructure, codes: [454] },
  ...POLICY_RULES,
  ...TIME_RULES,
  ...UNKNOWN_USER_RULES,
  ...STATUS_RULES,
  ...CODE_RULES,
  ...GENERAL_STATUS_RULES,
];

const VAGUE = new Set(REFUSAL_RULES.filter(({ vague }) => vague).map(({ id }) => id));

/** Whether the reply says too little to know the reason: no rule, or one that matches any text of its code. */
export function isVague({ rule }: { readonly rule?: string | undefined }): boolean {
  return rule === undefined || VAGUE.has(rule.slice(rule.indexOf(':') + 1));
}
