/** `#rgb` or `#rrggbb` as red, green and blue from 0 to 255; undefined for anything else. */
export function rgbOf(colour: string): Rgb | undefined {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour.trim())?.[1];
  if (hex === undefined) return undefined;
  const pairs = hex.length === 3 ? [...hex].map((digit) => digit + digit) : (hex.match(/../g) ?? []);
  const [red = 0, green = 0, blue = 0] = pairs.map((pair) => Number.parseInt(pair, 16));
  return [red, green, blue];
}

type Rgb = readonly [red: number, green: number, blue: number];

/** WCAG 2.2: from 1 (the same) to 21 (black on white); text needs 4.5. */
export function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** The contrast that WCAG AA requires of text below 24 pixels. */
export const READABLE = 4.5;
const STEPS = 20;

/** The colour itself if it is readable on the background, else the nearest readable one towards black or white. */
export function readableOn(background: string, colour: string): string {
  const towards: Rgb = contrast('#000000', background) > contrast('#ffffff', background) ? [0, 0, 0] : [255, 255, 255];
  const own = rgbOf(colour) ?? towards;
  for (let step = 0; step < STEPS; step++) {
    const tried = hexOf(own.map((part, i) => part + (((towards[i] ?? 0) - part) * step) / STEPS));
    if (contrast(tried, background) >= READABLE) return tried;
  }
  return hexOf(towards);
}

/** Black or white, whichever has more contrast. */
export function inkOn(background: string): string {
  return contrast('#ffffff', background) >= contrast('#000000', background) ? '#ffffff' : '#000000';
}

function hexOf(parts: readonly number[]): string {
  return `#${parts.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
}

function luminance(colour: string): number {
  const [red, green, blue] = (rgbOf(colour) ?? [0, 0, 0]).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
