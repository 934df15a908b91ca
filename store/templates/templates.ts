import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import { isSystemTemplate, LAST_SYSTEM_TEMPLATE } from '../../domain/template.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { addUnlessTaken } from '../mongo/insert-once.js';
import { foreignOrMissing, type Owned } from '../mongo/ownership.js';
import type { SeenTemplate, Template, TemplateChange, TemplateFields, TemplateSummary } from './row.js';
import { SYSTEM_TEMPLATES } from './system-templates.js';
import { publishing } from './versions.js';

export type Templates = ReturnType<typeof templates>;

const NOT_REMOVED = { removed_at: { $exists: false } } as const;

export function templates(store: Store) {
  const rows = store.db.collection<Template>('templates');
  return { ...reading(rows), ...editing(store, rows), ...publishing(store, rows) };
}

function reading(rows: Collection<Template>) {
  return {
    find: async (account: number, id: number): Promise<Owned<Template>> => {
      if (isSystemTemplate(id)) return SYSTEM_TEMPLATES.find(({ _id }) => _id === id) ?? 'missing';
      const row = await rows.findOne({ _id: id, ...NOT_REMOVED });
      if (row === null) return 'missing';
      return row.account === account ? row : foreignOrMissing(rows, account, row.account);
    },

    /** An account's own template precedes Everpost's of the same identifier. */
    findByIdentifier: async (account: number, identifier: string): Promise<Template | null> =>
      (await rows.findOne({ account, identifier })) ??
      SYSTEM_TEMPLATES.find((one) => one.identifier === identifier) ??
      null,

    /** Everpost's templates first, then the account's own in order of ids; without contents. */
    page: async (account: number, category: string | undefined, skip: number, limit: number) => {
      const system = SYSTEM_TEMPLATES.filter((one) => category === undefined || one.category === category);
      const own = { account, ...NOT_REMOVED, ...(category !== undefined && { category }) };
      const shown: TemplateSummary[] = system.slice(skip, skip + limit);
      const rest = limit - shown.length;
      const query = { projection: { contents: 0 }, skip: Math.max(0, skip - system.length), limit: rest } as const;
      const found = rest === 0 ? [] : await rows.find(own, query).sort({ _id: 1 }).toArray();
      return { found: [...shown, ...found], total: system.length + (await rows.countDocuments(own)) };
    },
  };
}

function editing(store: Store, rows: Collection<Template>) {
  const ids = counters(store);
  return {
    /** Adds a draft; the same `origin` returns the existing one. Atomic: one insert. */
    create: async (account: number, fields: TemplateFields, origin?: string): Promise<Template | 'taken'> => {
      await ids.reserve('templates', LAST_SYSTEM_TEMPLATE);
      const row = newRow(await ids.block('templates'), account, fields, origin);
      return addUnlessTaken(rows, row);
    },

    /** Writes the row if it has not changed since it was read; otherwise null. Atomic: one update. */
    change: async (seen: SeenTemplate, change: TemplateChange): Promise<Template | 'taken' | null> => {
      const revision = seen.revision + 1;
      const redrafted = change.contents !== undefined || change.default_language !== undefined;
      const $set = { ...change, revision, updated_at: now(), ...(redrafted && { drafted: revision }) };
      try {
        return await rows.findOneAndUpdate({ ...asSeen(seen) }, { $set }, { returnDocument: 'after' });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return 'taken';
      }
    },

    /**
     * Hides the template and frees its identifier; false if the row has changed since it was read. Atomic: one update.
     */
    remove: async (seen: SeenTemplate): Promise<boolean> => {
      const at = now();
      const $set = { removed_at: at, updated_at: at, identifier: null, revision: seen.revision + 1 };
      return (await rows.updateOne({ ...asSeen(seen) }, { $set })).modifiedCount === 1;
    },
  };
}

function asSeen({ _id, account, revision }: SeenTemplate) {
  return { _id, account, revision, ...NOT_REMOVED };
}

function newRow(_id: number, account: number, fields: TemplateFields, origin?: string): Template {
  const at = now();
  const begun = { revision: 1, drafted: 1, versions: 0, published: null, created_at: at, updated_at: at };
  return { _id, account, ...fields, ...begun, ...(origin && { origin }) };
}
