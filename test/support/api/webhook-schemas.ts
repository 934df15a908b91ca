import { Compile } from 'typebox/schema';
import { expect } from 'vitest';
import type { TestApi } from './api.js';

/** What the OpenAPI document says about the delivery of an event type. */
interface Described {
  readonly description: string;
  readonly requestBody: {
    readonly content: { readonly 'application/json': { readonly schema: object; readonly examples: Examples } };
  };
}
interface Examples {
  readonly sample: { readonly value: object };
}

/** The deliveries that the OpenAPI document of an API describes, and a check of bodies against their schemas. */
export async function webhookSchemas({ call }: TestApi) {
  const { webhooks, components } = (await call('GET /openapi.json', { key: null })).json();
  const described = (type: string): Described => webhooks[type]?.post;
  return {
    types: Object.keys(webhooks),
    sampleOf: (type: string) => described(type).requestBody.content['application/json'].examples.sample.value,
    /** Expects that a body is as described, without a field that is not. */
    expectDescribed: (type: string, body: object): void => {
      const { schema } = described(type).requestBody.content['application/json'];
      const [isValid, errors] = Compile(closed({ ...schema, components })).Errors(JSON.parse(JSON.stringify(body)));
      expect([isValid, errors], `${type}: ${JSON.stringify(body)}`).toEqual([true, []]);
    },
  };
}

/** The schema, with objects that refuse fields without a description. */
function closed<T>(schema: T): T {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(closed) as T;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isObject = 'properties' in schema && inner['type'] === 'object';
  return { ...inner, ...(isObject && { additionalProperties: false }) } as T;
}
