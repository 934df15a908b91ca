import { brandFaults, DEFAULT_BRAND } from '../../../domain/brand/brand.js';
import { Failure } from '../../../domain/errors.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { Data, refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import { BrandView, brandView, NewBrand, newBrand } from './schema.js';

const tags = ['Account'];
const ONE = { 200: Data(BrandView), ...refusals };

/** The brand: logo, colours and texts of every mail that uses a template. */
export function brand(app: Api, { accounts }: Pick<Deps, 'accounts'>): void {
  app.get('/account/brand', { schema: { tags, summary: 'Retrieve the brand', response: ONE } }, async (request) => {
    const { brand: own } = await accounts.settings(accountOf(request));
    return { data: brandView(own ?? DEFAULT_BRAND) };
  });

  app.put(
    '/account/brand',
    { schema: { tags, summary: 'Set the brand', body: NewBrand, response: ONE } },
    async (request) => {
      const own = newBrand(request.body);
      const faults = brandFaults(own);
      if (Object.keys(faults).length > 0) throw new Failure('validation_failed', faults);
      await accounts.change(accountOf(request), { brand: own });
      return { data: brandView(own) };
    },
  );
}
