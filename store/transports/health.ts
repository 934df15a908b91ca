import type { Collection, Document } from 'mongodb';
import type { KnownHealth, ReportedHealth, TransportHealth } from '../../domain/delivery/transport-health.js';
import type { Store } from '../mongo/connect.js';

/** Id of the installation's own transport, which `SMTP_URL` names. */
export const DEFAULT_TRANSPORT = 'default';

type StoredReport = Omit<ReportedHealth, 'is_live'>;

interface HealthRow extends Omit<KnownHealth, 'reports'> {
  /** Id of the transport, or `default`. */
  readonly _id: string;
  readonly reports: readonly StoredReport[];
}

/** One process and its use of a transport. */
export type Reporter = Pick<StoredReport, 'process' | 'use' | 'version'>;

/** A report of an ended process is dropped after this many milliseconds. */
const REPORTS_KEPT_MS = 120_000;

/**
 * How the running processes find each transport: one row a transport, written at changes of the state and otherwise at
 * intervals, never for each mail. `lease` in milliseconds; only the server's clock decides which reports are current.
 */
export function transportHealth({ db }: Pick<Store, 'db'>, lease: number) {
  const rows: Collection<HealthRow> = db.collection('transport_health');
  return {
    /** Replaces the report of a process. Atomic: one update. */
    report: async (transport: string, reporter: Reporter, health: TransportHealth): Promise<void> => {
      await rows.updateOne({ _id: transport }, [{ $set: reportFields(reporter, health) }], { upsert: true });
    },

    /** The process uses the transport no longer; what it has seen stays. Atomic: one update. */
    withdraw: async (transport: string, { process, use }: Reporter): Promise<void> => {
      await rows.updateOne({ _id: transport }, { $pull: { reports: { process, use } } });
    },

    /** By id; transports that were never used are missing. */
    of: async (transports: readonly string[]): Promise<ReadonlyMap<string, KnownHealth>> => {
      const isLive = { $gt: ['$$report.seen', { $subtract: ['$$NOW', lease / 2] }] };
      const withAge = { $mergeObjects: ['$$report', { is_live: isLive }] };
      const found = rows.aggregate<KnownHealth & { readonly _id: string }>([
        { $match: { _id: { $in: [...transports] } } },
        { $set: { reports: { $map: { input: '$reports', as: 'report', in: withAge } } } },
      ]);
      return new Map((await found.toArray()).map((row) => [row._id, row]));
    },

    /** Atomic: one delete. */
    forget: async (transport: string): Promise<void> => {
      await rows.deleteOne({ _id: transport });
    },
  };
}

/** Foreign text, such as the reply of a server, is passed as a literal: the pipeline must not read it as an expression. */
function reportFields(reporter: Reporter, { accepted_at, ...health }: TransportHealth): Document {
  const { state, since, error } = health;
  const own = { $mergeObjects: [{ $literal: { ...reporter, ...health } }, { seen: '$$NOW' }] };
  const isLater = { $gt: [error?.at ?? null, { $ifNull: ['$error.at', null] }] };
  return {
    ...{ state, since, version: reporter.version },
    reports: { $concatArrays: [othersThan(reporter), [own]] },
    accepted_at: { $max: ['$accepted_at', accepted_at] },
    error: { $cond: [isLater, { $literal: error }, { $ifNull: ['$error', null] }] },
  };
}

function othersThan({ process, use }: Reporter): Document {
  const isOwn = { $and: [{ $eq: ['$$report.process', process] }, { $eq: ['$$report.use', use] }] };
  const isCurrent = { $gt: ['$$report.seen', { $subtract: ['$$NOW', REPORTS_KEPT_MS] }] };
  const reports = { $ifNull: ['$reports', []] };
  return { $filter: { input: reports, as: 'report', cond: { $and: [isCurrent, { $not: [isOwn] }] } } };
}
