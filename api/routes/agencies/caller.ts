import type { FastifyRequest } from 'fastify';
import { planOf } from '../../../domain/account/plan.js';
import { Failure } from '../../../domain/errors.js';
import type { Client } from '../../../store/accounts/clients.js';
import { principalOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import type { Deps } from '../../wiring.js';

/** The agency that a request acts for. A client has no clients, also where an agency acts for it. */
export function agencyOf(request: FastifyRequest): number {
  const { account, accountStatus } = principalOf(request);
  if (accountStatus.kind === 'client' || planOf(accountStatus).clients === 0) throw new Failure('clients_not_allowed');
  return account;
}

/** The client named in the path. */
export async function clientOf({ clients }: Pick<Deps, 'clients'>, request: FastifyRequest): Promise<Client> {
  const agency = agencyOf(request);
  return demandOwned(await clients.find(agency, (request.params as { readonly id: number }).id));
}
