import type { Attributes, Scalar } from './subscriber.js';

/** The types of defined attributes. */
export const FIELD_TYPES = ['text', 'number', 'boolean', 'date', 'choice'] as const;
type FieldType = (typeof FIELD_TYPES)[number];

export interface FieldRule {
  /** The attribute's name. */
  readonly name: string;
  readonly type: FieldType;
  /** The allowed values of a choice, as stored. */
  readonly choices: readonly string[] | null;
}

/** An account's rules for attributes. */
export interface FieldRules {
  readonly rules: readonly FieldRule[];
  /** Attributes that are not defined are refused. */
  readonly strict: boolean;
}

/** For numbers given as text. */
const LONGEST_NUMBER = 40;

export const NO_FIELD_RULES: FieldRules = { rules: [], strict: false };

/** Names of built-in fields: no attribute may have them. */
export const BUILT_IN_FIELDS: readonly string[] = ['email', 'first_name', 'last_name', 'tags'];

export interface AttributeFault {
  readonly name: string;
  readonly reason: 'not_of_its_type' | 'unknown_field';
  readonly sentence: string;
}

export type GivenAttributes = Readonly<Record<string, Scalar | null>>;

export type CheckedAttributes<T extends GivenAttributes> =
  | { readonly kind: 'fits'; readonly attributes: T }
  | { readonly kind: 'faults'; readonly faults: readonly [AttributeFault, ...AttributeFault[]] };

/**
 * Checks attributes against their definitions: the stored values, or one sentence for each fault. Null, which removes
 * an attribute, is always valid.
 */
export function checkAttributes<T extends GivenAttributes | Attributes>(
  given: T,
  { rules, strict }: FieldRules,
): CheckedAttributes<T> {
  const known = new Map(rules.map((rule) => [rule.name, rule]));
  const faults: AttributeFault[] = [];
  const attributes = Object.entries(given).map(([name, value]): [string, Scalar | null] => {
    const rule = known.get(name);
    if (value === null || (rule === undefined && !strict)) return [name, value];
    const stored = rule && storedValue(rule, value);
    if (stored !== undefined) return [name, stored];
    faults.push(faultOf(name, rule));
    return [name, value];
  });
  const [first, ...others] = faults;
  if (first !== undefined) return { kind: 'faults', faults: [first, ...others] };
  return { kind: 'fits', attributes: Object.fromEntries(attributes) as T };
}

function faultOf(name: string, rule: FieldRule | undefined): AttributeFault {
  const subject = `The attributes.${name}`;
  if (rule === undefined) return { name, reason: 'unknown_field', sentence: `${subject} field is not defined.` };
  return { name, reason: 'not_of_its_type', sentence: `${subject} must be ${wordsFor(rule)}.` };
}

function wordsFor({ type, choices }: FieldRule): string {
  switch (type) {
    case 'text':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'date':
      return 'a date such as 2026-05-22';
    case 'choice':
      return `one of ${(choices ?? []).join(', ')}`;
  }
}

/** The stored value; undefined if it does not have the type. Texts are parsed, because files contain only texts. */
function storedValue({ type, choices }: FieldRule, value: Scalar): Scalar | undefined {
  const text = String(value).trim();
  switch (type) {
    case 'text':
      return String(value);
    case 'number':
      return typeof value === 'number' ? value : numberIn(text);
    case 'boolean':
      return /^(true|yes|on|1)$/i.test(text) ? true : /^(false|no|off|0)$/i.test(text) ? false : undefined;
    case 'date':
      return dateIn(text);
    case 'choice':
      return choices?.find((choice) => choice.toLowerCase() === text.toLowerCase());
  }
}

function numberIn(text: string): number | undefined {
  if (text.length > LONGEST_NUMBER) return undefined;
  const number = /^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** `2026-05-22`, or such a day followed by a time; days that do not exist are refused. */
function dateIn(text: string): string | undefined {
  const day = /^(\d{4}-\d{2}-\d{2})(?:[T ][\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?$/.exec(text)?.[1];
  if (day === undefined) return undefined;
  const at = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day) ? day : undefined;
}
