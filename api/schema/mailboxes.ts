import { Type } from 'typebox';
import type { GivenMailbox } from '../../domain/message/message.js';
import { closed, Line, Mailbox, nullable } from './fields.js';

/**
 * Forms in which a caller may write addresses. `api/hooks/accepted-forms.ts` converts the text of each, so that a handler
 * gets one form: an object, a list of objects, an address, a list of addresses,
 * or one text with name and address.
 */
export type Form = 'mailbox' | 'recipients' | 'copies' | 'address' | 'addresses' | 'text';

/** Recipients of one message, and copies of it. */
const MOST_RECIPIENTS = 50;

/** An address has 320 characters at most, and a name 255. */
const LONGEST = 600;

const NamedAddress = Type.Object({ name: Type.Optional(nullable(Line(255))), email: Mailbox }, closed);
const Text = Type.String({ format: 'mailbox', maxLength: LONGEST, examples: ['Ada <ada@example.org>'] });
const Null = Type.Null();

function inForm<T>(form: Form, anyOf: readonly object[]) {
  return Type.Unsafe<T>({ anyOf, 'x-form': form });
}

interface Named {
  readonly email: string;
  readonly name?: string | null;
}

/** Some APIs take a list of reply addresses; a mail has one sender and one Reply-To. */
const ListOfOne = Type.Array(Type.Union([Text, NamedAddress]), { minItems: 1, maxItems: 1 });

/** `ada@example.org`, `Ada <ada@example.org>`, an object, or a list of one of them. */
export const Sender = inForm<Named | null>('mailbox', [Text, NamedAddress, ListOfOne, Null]);

/** The same for a field that keeps the address only. */
export const AddressOnly = inForm<string | null>('address', [Text, NamedAddress, ListOfOne, Null]);

/** A sender that is stored as one text, as in MAIL_FROM. */
export const SenderText = inForm<string | null>('text', [Text, NamedAddress, Null]);

/** One recipient, or several: the first gets the message, the others get copies of it. */
export const RecipientsField = inForm<GivenMailbox | readonly GivenMailbox[]>('recipients', [
  Text,
  NamedAddress,
  Type.Array(Type.Union([Text, NamedAddress]), { minItems: 1, maxItems: MOST_RECIPIENTS }),
]);

const CopyObject = Type.Object({ email: Line(320), name: Type.Optional(nullable(Line(255))) }, closed);

/** A copy that cannot be accepted is reported in the response; the other copies are sent. */
export const CopiesField = inForm<readonly GivenMailbox[]>('copies', [
  Line(LONGEST),
  CopyObject,
  Type.Array(Type.Union([Line(LONGEST), CopyObject]), { maxItems: MOST_RECIPIENTS }),
  Null,
]);

/** Several addresses, as a list or one string. */
export function AddressList(limits: { readonly minItems?: number; readonly maxItems: number }, description: string) {
  const { minItems = 0, maxItems } = limits;
  return Type.Unsafe<string[]>({
    anyOf: [Text, NamedAddress, Type.Array(Type.Union([Text, NamedAddress]), { minItems, maxItems })],
    description,
    'x-form': 'addresses',
  });
}
