import type { CreateIndexesOptions, IndexSpecification } from 'mongodb';

export interface Index {
  readonly on: string;
  readonly keys: IndexSpecification;
  readonly options?: CreateIndexesOptions;
  /** The query it serves. */
  readonly serves: string;
}
