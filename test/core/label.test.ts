import { expect, it } from 'vitest';
import { labelOf } from '../../src/core/label.ts';

const ROWS: Record<string, [name: string, generation: number, label: string]> = {
  'as it is, where it fits': ['market-maker', 8, 'market-maker-g8'],
  'cut, with its generation whole': ['market-maker-spot', 12, 'market-maker-g12'],
};

it.each(Object.entries(ROWS))('a label is %s', (_, [name, generation, label]) =>
  expect(labelOf({ name }, generation, { labels: { maxLength: 16, wordsOnly: false } })).toBe(label),
);

it('a label has underscores for all signs where the venue takes words only', () =>
  expect(labelOf({ name: 'desk.a-spot' }, 3, { labels: { maxLength: 16, wordsOnly: true } })).toBe('desk_a_spot_g3'));
