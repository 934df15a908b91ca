import { Type } from 'typebox';

export const PageMeta = Type.Object({
  current_page: Type.Integer(),
  per_page: Type.Integer(),
  last_page: Type.Integer(),
  total: Type.Integer(),
});

/** The end of the previous page, where rows are in the order of a time, newest first. */
export const AfterMoment = Type.Optional(
  Type.String({ pattern: '^\\d{1,15}\\.[\\w-]{43}$', description: '`meta.next` of the previous page.' }),
);

/** The query fields of a numbered page. */
export function pageFields(perPage: number) {
  return {
    page: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 }),
    per_page: Type.Integer({ minimum: 1, maximum: 100, default: perPage }),
  };
}

export interface PageQuery {
  readonly page: number;
  readonly per_page: number;
}

export function skipOf({ page, per_page }: PageQuery): number {
  return (page - 1) * per_page;
}

export function pageMeta({ page, per_page }: PageQuery, total: number) {
  return { current_page: page, per_page, last_page: Math.max(1, Math.ceil(total / per_page)), total };
}
