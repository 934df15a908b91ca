import {
  CaptureTag,
  type Context,
  type Emitter,
  type Liquid,
  type Parser,
  Tag,
  type TagToken,
  type Template,
  type TopLevelToken,
} from 'liquidjs';
import { boundedOutput } from './budget.js';
import { isTrusted, ownMarkup } from './own-markup.js';
import { isSafeUrl } from './safe-values.js';

/** `capture`: the captured text is the letter's own. */
export class Capture extends CaptureTag {
  override *render(context: Context): Generator<unknown, void, string> {
    const output = boundedOutput(context);
    yield this.liquid.renderer.renderTemplates(this.templates, context, output);
    context.bottom()[this.variable] = output.buffer;
    ownMarkup(context, output.buffer);
  }
}

/** `safe_url`: an address with personal values, printed only if a browser would not run it. */
export class SafeUrl extends Tag {
  readonly #templates: Template[] = [];
  readonly #isPicture: boolean;

  constructor(token: TagToken, rest: TopLevelToken[], liquid: Liquid, parser: Parser) {
    super(token, rest, liquid);
    this.#isPicture = token.args.trim() === 'image';
    const stream = parser.parseStream(rest);
    stream
      .on('tag:endsafe_url', () => stream.stop())
      .on('template', (template: Template) => this.#templates.push(template))
      .on('end', () => {
        throw new Error(`tag ${token.getText()} not closed`);
      })
      .start();
  }

  override *render(context: Context, emitter: Emitter): Generator<unknown, void, string> {
    const output = boundedOutput(context);
    yield this.liquid.renderer.renderTemplates(this.#templates, context, output);
    const rules = { isTrusted: isTrusted(context), isPicture: this.#isPicture };
    if (isSafeUrl(output.buffer, rules)) emitter.write(output.buffer);
  }

  *children(): Generator<unknown, Template[]> {
    yield;
    return this.#templates;
  }
}
