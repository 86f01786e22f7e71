/** Markup that is safe to put in a page. */
export interface Markup {
  markup: string;
}

type Part = string | number | Markup | Markup[] | false;

/** A template whose parts are escaped unless they are markup already; `false` is nothing. */
export const html = (texts: TemplateStringsArray, ...parts: Part[]): Markup => ({
  markup: texts.map((text, index) => text + markupOf(parts[index] ?? '')).join(''),
});

function markupOf(part: Part): string {
  if (part === false) return '';
  if (Array.isArray(part)) return part.map(({ markup }) => markup).join('');
  if (typeof part === 'object') return part.markup;
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
