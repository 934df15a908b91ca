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
import { isCssValue } from '../css/values.js';
import { boundedOutput } from './budget.js';
import { isTrusted, ownMarkup } from './own-markup.js';
import { type AddressPlace, isAddressPlace, LINK_MARKS, printedAddress } from './printed-address.js';
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

/** The templates between a tag and its end. */
function templatesUntil(end: string, token: TagToken, rest: TopLevelToken[], parser: Parser): Template[] {
  const templates: Template[] = [];
  const stream = parser.parseStream(rest);
  stream
    .on(`tag:${end}`, () => stream.stop())
    .on('template', (template: Template) => templates.push(template))
    .on('end', () => {
      throw new Error(`tag ${token.getText()} not closed`);
    })
    .start();
  return templates;
}

/** `safe_url`: an address with personal values, printed only if a browser would not run it. */
export class SafeUrl extends Tag {
  readonly #templates: Template[];
  readonly #isPicture: boolean;

  constructor(token: TagToken, rest: TopLevelToken[], liquid: Liquid, parser: Parser) {
    super(token, rest, liquid);
    this.#isPicture = token.args.trim() === 'image';
    this.#templates = templatesUntil('endsafe_url', token, rest, parser);
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

/**
 * `link_address after`: the address of a link in a text part, in delimiters. Nothing is printed for an address that is empty or
 * that a browser would run.
 */
export class LinkAddress extends Tag {
  readonly #templates: Template[];
  readonly #place: AddressPlace;

  constructor(token: TagToken, rest: TopLevelToken[], liquid: Liquid, parser: Parser) {
    super(token, rest, liquid);
    const place = token.args.trim();
    if (!isAddressPlace(place)) throw new Error(`tag ${token.getText()} has no place`);
    this.#place = place;
    this.#templates = templatesUntil('endlink_address', token, rest, parser);
  }

  override *render(context: Context, emitter: Emitter): Generator<unknown, void, string> {
    const output = boundedOutput(context);
    yield this.liquid.renderer.renderTemplates(this.#templates, context, output);
    // As a browser reads it.
    const shown = output.buffer
      .replace(/[\t\r\n]/g, '')
      .trim()
      .replace(/ /g, '%20');
    const address = shown.replace(LINK_MARKS, '');
    const isPrinted = !address.startsWith('#') && isSafeUrl(address, { isTrusted: isTrusted(context) });
    if (isPrinted) emitter.write(printedAddress(shown, this.#place));
  }

  *children(): Generator<unknown, Template[]> {
    yield;
    return this.#templates;
  }
}

/** `css_value "color" "#fff"`: a value for a style with personal parts, printed only if it is of its kind, else the fallback. */
export class CssValue extends Tag {
  readonly #templates: Template[];
  readonly #kind: string;
  readonly #fallback: string;

  constructor(token: TagToken, rest: TopLevelToken[], liquid: Liquid, parser: Parser) {
    super(token, rest, liquid);
    const [, kind, fallback] = /^\s*"([^"]*)"\s+"([^"]*)"\s*$/.exec(token.args) ?? [];
    if (kind === undefined || fallback === undefined)
      throw new Error(`tag ${token.getText()} has no kind and fallback`);
    [this.#kind, this.#fallback] = [kind, fallback];
    this.#templates = templatesUntil('endcss_value', token, rest, parser);
  }

  override *render(context: Context, emitter: Emitter): Generator<unknown, void, string> {
    const output = boundedOutput(context);
    yield this.liquid.renderer.renderTemplates(this.#templates, context, output);
    const value = output.buffer.trim();
    emitter.write(isCssValue(this.#kind, value) ? value : this.#fallback);
  }

  *children(): Generator<unknown, Template[]> {
    yield;
    return this.#templates;
  }
}
