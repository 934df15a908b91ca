import { type Static, type TSchema, type TStringOptions, Type } from 'typebox';

/** The field may also be null. */
export function nullable<T extends TSchema & { type: string }>(schema: T) {
  return Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type, 'null'] });
}

/** Objects reject unknown fields by name. */
export const closed = { additionalProperties: false } as const;

const ONE_LINE = '^[^\\u0000-\\u001f\\u007f]*$';

/** The rule of each pattern, as the end of a sentence for a caller who broke it. */
const rules = new Map<string, string>();

/** Text of a pattern; `rule` completes the sentence "The field …". */
export function Patterned(pattern: string, rule: string, options: TStringOptions = {}) {
  rules.set(pattern, rule);
  return Type.String({ ...options, pattern });
}

export function ruleOfPattern(pattern: string): string | undefined {
  return rules.get(pattern);
}

/** One line of text: values that may enter a header have no control characters. */
export function Line(maxLength: number, minLength = 0) {
  return Patterned(ONE_LINE, 'must be one line without control characters', { minLength, maxLength });
}

const READABLE = '[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]';
const VISIBLE = '[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]';
const NAME_RULE = 'must be one line with a visible character, without control characters or changes of direction';

/** A name that stands in a header or above the text of a mail: it reads as it is written. */
export function DisplayName(maxLength: number) {
  return Patterned(`^(?=[\\s\\S]*${VISIBLE})${READABLE}*$`, NAME_RULE, { minLength: 1, maxLength });
}

/** The same where an empty name stands for none. */
export function OptionalName(maxLength: number) {
  return Patterned(`^(?:(?=[\\s\\S]*${VISIBLE})${READABLE}*)?$`, NAME_RULE, { maxLength });
}

export const Mailbox = Type.String({ format: 'email', maxLength: 320 });

export const Timestamp = Type.String({ format: 'date-time', examples: ['2026-05-15T09:00:12+00:00'] });

/** Mails per second; null: no limit. */
export const PerSecond = nullable(Type.Integer({ minimum: 1, maximum: 100_000 }));

export const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

export const IdPath = Type.Object({ id: Id });
