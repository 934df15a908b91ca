import type { TestApi } from './api.js';

export const RECEIPT = {
  name: 'Receipt',
  contents: {
    en: { subject: 'Order {{ order.id }}', html: '<p>Thank you, {{ customer }}.</p>' },
    pt: { subject: 'Pedido {{ order.id }}', html: '<p>Obrigado, {{ customer }}.</p>' },
  },
};

/** A template of the account: the draft, or published as well. */
export async function aTemplate(
  api: TestApi,
  fields: Record<string, unknown> = {},
  published = false,
): Promise<{ id: number; revision: number }> {
  const response = await api.call('POST /api/v1/templates', { payload: { ...RECEIPT, ...fields } });
  if (response.statusCode !== 201) throw new Error(response.body);
  const { id, revision } = response.json<{ data: { id: number; revision: number } }>().data;
  if (!published) return { id, revision };
  const after = await api.call(`POST /api/v1/templates/${id}/publish`, { payload: {} });
  if (after.statusCode !== 200) throw new Error(after.body);
  return after.json<{ data: { id: number; revision: number } }>().data;
}
