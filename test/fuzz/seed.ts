type Json = Readonly<Record<string, unknown>>;

/** How many of each noun there are before the run: its hooks name their ids, 1 to this. */
export const SEEDED = 8;

/** Something of each noun, so that made-up requests find more than 404. */
export async function seed(api: string, secret: string): Promise<void> {
  const post = async (path: string, body: Json) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    const answer = await fetch(`${api}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`POST ${path} answered ${answer.status}: ${await answer.text()}`);
    return ((await answer.json()) as { data: Json }).data;
  };
  for (let n = 1; n <= SEEDED; n++) {
    const { id: list_id } = await post('/lists', { name: `List ${n}` });
    for (const who of ['ann', 'bob']) {
      const attributes = { city: 'Rome', age: n };
      await post('/subscribers', { email: `${who}${n}@example.com`, list_id, attributes, tags: ['seed'] });
    }
    await post('/campaigns', { list_id, subject: `Campaign ${n}`, html: '<p>Hello {{ first_name }}</p>' });
    await post('/fields', { name: `field_${n}`, type: n % 2 === 0 ? 'number' : 'text' });
    await post('/account/members', { name: `Member ${n}`, email: `member${n}@example.com`, role: 'approver' });
    await post('/webhooks', { url: `https://hooks.example.com/${n}` });
    await post('/domains', { domain: `seed${n}.example.com` });
    await post('/messages', { to: `ann${n}@example.com`, subject: 'Hello', text: 'Hello' });
    await post('/suppressions', { email: `gone${n}@example.com` });
  }
}
