import type { Terminal } from '../terminal.ts';
import type { DiffPage, Line } from './diff-page.ts';

export function diffText({ title, sections, notes }: DiffPage, { paint }: Pick<Terminal, 'paint'>): string {
  const colour = { relaxed: paint.red, tightened: paint.green, neutral: paint.cyan } as const;
  const told = ([label, text]: Line) => {
    const word = (label === 'neutral' ? 'changed' : label).padEnd(9);
    return `  ${label in colour ? colour[label as keyof typeof colour](word) : word}  ${text}`;
  };
  const parts = [
    [title],
    ...sections.map((section) => [paint.bold(section.title), ...section.lines.map(told)]),
    ...(notes.length > 0 ? [[...notes]] : []),
  ];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
