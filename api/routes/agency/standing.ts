import type { FastifyRequest } from 'fastify';
import { Failure } from '../../../domain/errors.js';
import { planOf } from '../../../domain/plan.js';
import type { Client } from '../../../store/clients.js';
import { principalOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';

/** The agency a request speaks for. A client has no clients, whoever speaks for it. */
export function agencyOf(request: FastifyRequest): number {
  const { account, standing } = principalOf(request);
  if (standing.kind === 'client' || planOf(standing).clients === 0) throw new Failure('clients_not_allowed');
  return account;
}

/** The client that the path names. */
export async function clientOf({ clients }: Pick<Deps, 'clients'>, request: FastifyRequest): Promise<Client> {
  const agency = agencyOf(request);
  return ours(await clients.find(agency, (request.params as { readonly id: number }).id));
}
