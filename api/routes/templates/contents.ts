import { brandOf } from '../../../domain/brand/brand.js';
import { demandNoFaults, Failure, type FieldErrors, isUnrenderable } from '../../../domain/errors.js';
import {
  LANGUAGE_TAG,
  type LanguageContent,
  ownLanguage,
  type TemplateContents,
  type TemplateEdition,
} from '../../../domain/template.js';
import { type RenderJob, templateJob } from '../../../mail/render/job.js';
import type { Deps } from '../../wiring.js';
import type { ContentsRequest, ContentsResponse } from './schema.js';

type Given = ContentsRequest[string];
type CheckDeps = Pick<Deps, 'tasks'>;

/** Reads the contents of a request in every language. Throws a Failure that names the language, field, line and column. */
export async function readContents(
  { tasks }: CheckDeps,
  account: number,
  given: ContentsRequest,
): Promise<TemplateContents> {
  const faults = await Promise.all(
    Object.entries(given).map(async ([tag, content]) => ({
      ...languageFault(tag),
      ...(await faultsOf(tasks, account, `contents.${tag}`, content)),
    })),
  );
  demandNoFaults(Object.assign({}, ...faults) as FieldErrors);
  return Object.fromEntries(Object.entries(given).map(([tag, content]) => [tag, contentOf(content)]));
}

/** The contents with the language they fall back to. */
export function readEdition(contents: TemplateContents, language: string | undefined): TemplateEdition {
  const default_language = ownLanguage(contents, language);
  if (default_language !== undefined) return { contents, default_language };
  throw new Failure('validation_failed', {
    default_language: ['The default_language must be one of the languages of contents.'],
  });
}

export function contentsView(contents: TemplateContents): ContentsResponse {
  const view = ({ subject, preheader, format, source, text }: LanguageContent) => {
    return { subject, preheader, html: null, mjml: null, [format]: source, text };
  };
  return Object.fromEntries(Object.entries(contents).map(([tag, content]) => [tag, view(content)]));
}

function contentOf({ subject, preheader, html, mjml, text }: Given): LanguageContent {
  const body =
    mjml == null ? ({ format: 'html', source: html ?? '' } as const) : ({ format: 'mjml', source: mjml } as const);
  return { subject: subject ?? null, preheader: preheader ?? null, ...body, text: text ?? null };
}

function languageFault(tag: string): FieldErrors {
  if (LANGUAGE_TAG.test(tag)) return {};
  return { [`contents.${tag}`]: [`The contents.${tag} is not a language tag such as en or pt-BR.`] };
}

async function faultsOf(tasks: Deps['tasks'], account: number, at: string, content: Given): Promise<FieldErrors> {
  const bodies = [content.html, content.mjml].filter((body) => body != null);
  if (bodies.length === 0) return { [`${at}.html`]: [`The ${at}.html field is required when mjml is not present.`] };
  if (bodies.length === 2) return { [`${at}.html`]: [`The ${at}.html field cannot be used together with mjml.`] };
  const { subject = null, preheader = null, html, mjml, text = null } = content;
  const faults = await tasks.check(account, { subject, preheader, html: html ?? mjml ?? null, text });
  const named = (field: string) => (field === 'html' && html == null ? 'mjml' : field);
  return Object.fromEntries(Object.entries(faults).map(([field, found]) => [`${at}.${named(field)}`, found]));
}

type RenderDeps = Pick<Deps, 'accounts' | 'renderer'>;

/** Compiles MJML before it is stored. Throws a failure that names unknown elements with their lines. */
export async function demandRenderable(deps: RenderDeps, account: number, contents: TemplateContents): Promise<void> {
  const compiled = Object.entries(contents).filter(([, { format }]) => format === 'mjml');
  if (compiled.length === 0) return;
  const brand = brandOf(await deps.accounts.settings(account));
  const faults: Record<string, readonly string[]> = {};
  for (const [language, content] of compiled) {
    const found = await faultsIn(deps, account, templateJob(content, { brand, language }));
    if (found.length > 0) faults[`contents.${language}.mjml`] = found.slice(0, 5);
  }
  demandNoFaults(faults);
}

async function faultsIn({ renderer }: RenderDeps, account: number, job: RenderJob): Promise<string[]> {
  try {
    const { findings } = await renderer.render(account, job);
    return findings.flatMap(({ code, where = '' }) => (code === 'mjml_invalid' ? where : []));
  } catch (error) {
    if (!isUnrenderable(error)) throw error;
    return Object.values(error.errors ?? {}).flat();
  }
}
