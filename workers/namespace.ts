import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { monotonic } from '../clock.js';

/** The search attributes of workflows, for operators. All are keywords. */
export const SEARCH_ATTRIBUTES = [
  'EverpostAccount',
  'EverpostCampaign',
  'EverpostKind',
  'EverpostPhase',
  'EverpostReason',
] as const;

const RETENTION_SECONDS = 30 * 24 * 60 * 60;
/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const KEYWORD = 2;
const SEARCHABLE_LIMIT_MS = 30_000;
/** gRPC status codes. */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;

type Services = Pick<Connection, 'workflowService' | 'operatorService'>;

export interface PreparedNamespace {
  /** "refused" where only the administrator of the cluster may change it, as on Temporal Cloud. */
  readonly retention: 'kept' | 'set' | 'refused';
  readonly searchAttributes: 'kept' | 'added';
}

/**
 * Prepares a namespace for Everpost: it exists, keeps closed workflows for at least 30 days and has our search attributes.
 * Returns once they can be used. Idempotent, and safe for concurrent processes.
 */
export async function prepareNamespace(services: Services, namespace: string): Promise<PreparedNamespace> {
  const retention = await ensureRetention(services, namespace);
  const searchAttributes = await ensureSearchAttributes(services, namespace);
  await untilSearchable(services, namespace);
  return { retention, searchAttributes };
}

async function ensureRetention(
  { workflowService }: Services,
  namespace: string,
): Promise<PreparedNamespace['retention']> {
  const workflowExecutionRetentionTtl = msToTs(RETENTION_SECONDS * 1000);
  try {
    const { config } = await workflowService.describeNamespace({ namespace });
    if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) >= RETENTION_SECONDS) return 'kept';
    await workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } });
    return 'set';
  } catch (failure) {
    if (isRefusal(failure)) return 'refused';
    if (codeOf(failure) !== NOT_FOUND) throw failure;
    await workflowService
      .registerNamespace({ namespace, workflowExecutionRetentionPeriod: workflowExecutionRetentionTtl })
      .catch(unless(ALREADY_EXISTS));
    return 'set';
  }
}

async function ensureSearchAttributes(
  { operatorService }: Services,
  namespace: string,
): Promise<PreparedNamespace['searchAttributes']> {
  const missing = await missingAttributes(operatorService, namespace).catch(unlessRefused);
  // Not allowed to read them: whether they are there shows when they are searched for.
  if (missing === REFUSED || missing.length === 0) return 'kept';
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD] as const));
  const added = await operatorService
    .addSearchAttributes({ namespace, searchAttributes })
    .catch(unless(ALREADY_EXISTS))
    .catch(unlessRefused);
  if (added === REFUSED) throw new Error(notAllowed(namespace, missing));
  return 'added';
}

async function missingAttributes(
  operatorService: Services['operatorService'],
  namespace: string,
  deadline = monotonic() + SEARCHABLE_LIMIT_MS,
): Promise<readonly string[]> {
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    return SEARCH_ATTRIBUTES.filter((name) => customAttributes?.[name] === undefined);
  } catch (failure) {
    // The servers need a moment to learn of a new namespace.
    if (codeOf(failure) !== NOT_FOUND || monotonic() > deadline) throw failure;
    await delay(100);
    return missingAttributes(operatorService, namespace, deadline);
  }
}

/** Searches workflows by all search attributes; rejects where the namespace lacks one of them. */
export async function searchByAttributes(
  workflowService: Services['workflowService'],
  namespace: string,
): Promise<void> {
  const query = SEARCH_ATTRIBUTES.map((name) => `${name} = 'x'`).join(' AND ');
  await workflowService.countWorkflowExecutions({ namespace, query });
}

/** The servers learn of new attributes with a delay; until then they refuse to start workflows with them. */
async function untilSearchable({ workflowService }: Services, namespace: string): Promise<void> {
  const deadline = monotonic() + SEARCHABLE_LIMIT_MS;
  for (;;) {
    try {
      await searchByAttributes(workflowService, namespace);
      return;
    } catch (failure) {
      const soon = codeOf(failure) === INVALID_ARGUMENT || codeOf(failure) === NOT_FOUND;
      if (!soon || monotonic() > deadline) throw failure;
      await delay(100);
    }
  }
}

const codeOf = (failure: unknown) => (failure instanceof Error && 'code' in failure ? failure.code : undefined);

const REFUSED = 'refused';

/** Only the administrator of the cluster may do it, as on Temporal Cloud. */
function isRefusal(failure: unknown): boolean {
  return codeOf(failure) === PERMISSION_DENIED || codeOf(failure) === UNIMPLEMENTED;
}

function unlessRefused(failure: unknown): typeof REFUSED {
  if (isRefusal(failure)) return REFUSED;
  throw failure;
}

/** What the administrator has to do. */
function notAllowed(namespace: string, missing: readonly string[]): string {
  return (
    `Temporal does not allow this connection to add search attributes to the namespace ${namespace}. ` +
    `Create them there with the type Keyword: ${missing.join(', ')} (docs/guides/temporal-cloud.md)`
  );
}

export const unlessNotFound = (failure: unknown): void => unless(NOT_FOUND)(failure);

const unless = (code: number) => (failure: unknown) => {
  if (codeOf(failure) !== code) throw failure;
};
