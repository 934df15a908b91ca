import type { TemplateEdition } from '../../domain/template.js';

/** A template: its draft, and which version of it is published. */
export interface Template extends TemplateEdition {
  readonly _id: number;
  /** 0 for Everpost's own templates, which all accounts share and cannot change. */
  readonly account: number;
  readonly name: string;
  readonly category: string;
  /** The name by which messages refer to it; unique within the account. */
  readonly identifier: string | null;
  /** Raised by every change; the ETag. */
  readonly revision: number;
  /** The revision that last changed the draft's content. */
  readonly drafted: number;
  /** Number of published versions. */
  readonly versions: number;
  /** `drafted`: its value when this version was published. */
  readonly published: { readonly version: number; readonly drafted: number; readonly at: Date } | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** Removed, but kept for the campaigns sent with it. */
  readonly removed_at?: Date;
  /** The Idempotency-Key's claim that created it, so that a retry after a crash finds it. */
  readonly origin?: string;
}

export type TemplateFields = Pick<Template, 'name' | 'category' | 'identifier' | 'default_language' | 'contents'>;

export type TemplateSummary = Omit<Template, 'contents'>;

export type TemplateChange = { readonly [Field in keyof TemplateFields]?: TemplateFields[Field] };

/** The row as it was read: it is written only if it has not changed since. */
export type SeenTemplate = Pick<Template, '_id' | 'account' | 'revision'>;
