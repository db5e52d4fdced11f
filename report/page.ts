// The shell of a report that is one page and needs nothing else: no script, no font, no picture, no request; the policy in its head says so.
import { PAGE_STYLE } from './style.ts';

const ESCAPES: { readonly [character: string]: string } = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML, also inside attributes. */
export const text = (value: string): string => value.replace(/[<>&"']/g, (character) => ESCAPES[character]!);

export interface Page {
  readonly title: string;
  /** Over the title: what kind of report, of what. */
  readonly eyebrow: string;
  /** CSS of what only this kind of report draws. */
  readonly style: string;
  /** HTML. */
  readonly body: string;
}

export function pageOf({ title, eyebrow, style, body }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${text(title)} – citytwin</title>
<style>${PAGE_STYLE}${style}</style>
</head>
<body>
<main>
<p class="eyebrow">${text(eyebrow)}</p>
<h1>${text(title)}</h1>
${body}
</main>
</body>
</html>
`;
}
