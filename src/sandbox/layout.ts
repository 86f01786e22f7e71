import { html, type Markup } from './markup.ts';
import { STYLE } from './style.ts';

/** What every page of the sandbox looks like, and the headers it is sent with. */

export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: browsers would then post forms with `Origin: null`, which is what a foreign page looks like.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** A whole document. Works without scripts and loads nothing. */
export const documentOf = (title: string, main: Markup): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · keyturn sandbox</title>
<link rel="icon" href="data:,">
<style>${{ markup: STYLE }}</style>
</head>
<body>
<header><div>
<strong>keyturn sandbox</strong>
<span>Not an exchange: keys made here open nothing but this sandbox.</span>
</div></header>
<main>
${main}
</main>
</body>
</html>
`.markup;
