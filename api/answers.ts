import stringifier from 'fast-json-stringify';
import type { Api } from './app.js';
import { compiledOnce } from './compiled.js';

type Schema = Parameters<typeof stringifier>[0];

const writer = compiledOnce((schema: Exclude<Schema, string>) => stringifier(schema));

/** Writes answers as their schemas say, as Fastify itself would, but compiles a schema with the first answer of its kind. */
export function writeAnswersBySchema(app: Api): void {
  app.setSerializerCompiler<Exclude<Schema, string>>(({ schema }) => {
    const write = writer(schema);
    return (answer) => write()(answer);
  });
}
