/** Targets of a column that take one column each. */
const SINGLE_FIELDS = ['email', 'first_name', 'last_name', 'name', 'tags', 'attributes'] as const;
/** What says whether a person gets mail, and since when; several columns may say it. */
export const STATUS_FIELDS = [
  'status',
  'subscribed',
  'blocked',
  'unsubscribed_at',
  'bounced_at',
  'complained_at',
] as const;
export const COLUMN_FIELDS = [...SINGLE_FIELDS, ...STATUS_FIELDS, 'subscribed_at'] as const;

/** The target of a column: a field of the subscriber, `attributes.<name>`, or none. */
export type ColumnField = (typeof COLUMN_FIELDS)[number] | `attributes.${string}` | null;

export interface CsvColumn {
  /** As written in the file. */
  readonly header: string;
  readonly field: ColumnField;
}
