import type { DiffPage, Line } from './diff-page.ts';

/** GitHub takes comments of at most 65,536 characters; what does not fit is counted. */
const MOST_SECTIONS = 60;

/** For a comment on a pull request. */
export function diffMarkdown({ title, sections, notes }: DiffPage): string {
  const shown = sections.slice(0, MOST_SECTIONS);
  const more = sections.length - shown.length;
  return [
    `### keyturn: ${marked(title)}`,
    ...shown.map((section) => [`**${marked(section.title)}**`, '', ...section.lines.map(item)].join('\n')),
    ...(more > 0 ? [`… and ${more} more; \`keyturn policy diff\` shows all of them.`] : []),
    ...notes.map((note) => `_${marked(note)}_`),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

const item = ([label, text]: Line): string => `- ${LABELS[label]}${marked(text)}`;

const LABELS: Record<Line[0], string> = {
  relaxed: '⚠️ **relaxed** ',
  tightened: '🔒 tightened ',
  neutral: 'changed ',
  life: '',
  dates: '',
  keys: '',
  tasks: '',
};

/** Reasons, owners and applications are words of others: they are shown, not set. */
const marked = (text: string): string => text.replace(/[\\`*_[\]|~#]/g, '\\$&').replaceAll('<', '&lt;');
