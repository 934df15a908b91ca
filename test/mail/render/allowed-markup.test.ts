import { describe, expect, test } from 'vitest';
import { renderLetter } from '../../../mail/render/render.js';
import { aJob } from '../../support/mail/rendering.js';

async function rendered(body: string, head = '') {
  const source = `<!doctype html><html lang="en"><head><title>x</title>${head}</head><body>${body}</body></html>`;
  const { html, findings } = await renderLetter(aJob({ template: null, body: { format: 'html', source } }));
  return { html, removed: findings.filter(({ code }) => code === 'markup_removed').map(({ where }) => where) };
}

test.each([
  '<img src="https://x.example/i.png" alt="" usemap="#m"><map name="m"><area shape="rect" coords="0,0,1,1" href="https://x.example/a" alt="A"></map>',
  '<img src="https://x.example/i.png" alt="" srcset="https://x.example/i2.png 2x" sizes="100vw" width="10" hspace="1">',
  '<table role="presentation" background="https://x.example/b.png" bordercolor="#111" cellpadding="0"><tbody><tr><td nowrap width="1">x</td></tr></tbody></table>',
  '<a href="sms:+351221">x</a><a href="tel:+351221">y</a><a href="#top" name="n">z</a>',
  '<picture><source srcset="https://x.example/d.png" media="(prefers-color-scheme: dark)"><img src="https://x.example/i.png" alt="x"></picture>',
  '<hr size="1" noshade color="#ccc">',
  '<table align="center" border="0" cellspacing="0" cellpadding="0" bgcolor="#ffffff" dir="rtl" summary="a"><tbody><tr valign="top"><th scope="row" colspan="2" height="1">x</th></tr></tbody></table>',
  '<ol start="3" type="a" reversed><li value="7">x</li></ol><font face="Arial" size="2" color="#111">y</font><center>z</center>',
  '<blockquote cite="https://x.example/q" type="cite"><q>x</q><ins datetime="2026-01-01">y</ins><time datetime="2026-01-01">z</time></blockquote>',
  '<div role="article" aria-roledescription="email" aria-label="x" lang="en" dir="ltr"><details open><summary>x</summary>y</details></div>',
  '<p itemscope itemtype="https://schema.org/Order"><meta itemprop="x" content="y"><abbr title="z">x</abbr><bdi>y</bdi><wbr></p>',
  '<p lang="pt" dir="auto" data-x="1" aria-label="y">x</p>',
])('%s stays, and nothing is reported', async (markup) => {
  const { html, removed } = await rendered(markup);
  expect(removed).toEqual([]);
  expect(html.replace(/=""/g, '')).toContain(markup.replace(/=""/g, ''));
});

describe.each([
  ['<p onclick="x()">a</p>', 'p onclick'],
  ['<a href="ftp://x.example/a">a</a>', 'a href ftp:'],
  ['<a href="jav\tascript:x">a</a>', 'a href javascript:'],
  ['<td background="cid:x">a</td>', 'td background cid:'],
  ['<a ping="https://x.example/p" href="https://x.example/">a</a>', 'a ping'],
  ['<form action="/x"><input name="a"><p>a</p></form>', '<form>'],
  ['<video src="https://x.example/v.mp4"></video>', '<video>'],
  ['<amp-img src="https://x.example/i.png"></amp-img>', '<amp-img>'],
  ['<svg><text>a</text></svg>', '<svg>'],
  ['<noscript><p>a</p></noscript>', '<noscript>'],
  ['<o:p>a</o:p>', '<o:p>'],
  ['<link rel="stylesheet" href="https://fonts.example/css">', '<link>'],
  ['<style>@import url("https://fonts.example/css?a;b"); p{color:red}</style>', 'style @import'],
  ['<style>@\\69mport "https://fonts.example/css"; p{color:red}</style>', 'style @import'],
  ['<style>p{width:exp/**/ression(alert(1));color:red}</style>', 'style expression'],
  ['<style>p{-moz-binding:url(https://x.example/b)}</style>', 'style -moz-binding'],
  ['<p style="width:\\65xpression(alert(1))">a</p>', 'p style expression'],
  ['<p style="behavior:url(https://x.example/x.htc)">a</p>', 'p style behavior'],
  ['<p style="background:url(javascript:x)">a</p>', 'p style url'],
])('%s', (markup, what) => {
  test('loses what mails must not contain, and the findings name it', async () => {
    const { html, removed } = await rendered(`<p>kept</p>${markup}`);
    expect(removed).toContain(what);
    expect(html).not.toMatch(
      /onclick|ftp:|script|ping=|<form|<video|amp-img|svg|@import|mport|ression|binding|behavior/,
    );
    expect(html).toContain('kept');
  });
});

test('relative addresses are resolved against the base, which mail clients ignore', async () => {
  const { html, removed } = await rendered(
    '<a href="tea?a=1&amp;b=2">a</a> <img src="/i.png" alt=""> <a href="#top">b</a> <a href="mailto:a@x.example">c</a>',
    '<base href="https://x.example/shop/" target="_blank">',
  );
  expect(html).toContain('href="https://x.example/shop/tea?a=1&amp;b=2"');
  expect(html).toContain('src="https://x.example/i.png"');
  expect(html).toContain('href="#top"');
  expect(removed).toEqual(['<base>']);
});

test('a thousand forbidden attributes are named up to fifty', async () => {
  const { removed } = await rendered(Array.from({ length: 1_000 }, (_, i) => `<p x${i}="1">a</p>`).join(''));
  expect(removed).toHaveLength(51);
  expect(removed.at(-1)).toBe('950 more');
});
