import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

/** What may import what, types included. The first rule whose `from` fits a file counts. */
const ARROWS: { from: RegExp; may: RegExp[] }[] = [
  // Deciding: values in, value out. createHash and createPublicKey are the functions of Node that need nothing from outside.
  { from: /^src\/core\//, may: [/^src\/core\//, /^zod\/mini$/, /^node:crypto$/] },
  { from: /^src\/ports\//, may: [/^src\/core\//, /^src\/ports\//, /^src\/secret\.ts$/] },
  { from: /^src\/sandbox\//, may: [/^src\/sandbox\//, /^src\/errors\.ts$/, /^node:/] },
  {
    from: /^src\/(steps\/|gather\.ts|records\.ts)/,
    may: [/^src\/(core|ports|steps)\//, /^src\/(records|errors|secret|log)\.ts$/, /^node:crypto$/],
  },
  {
    from: /^src\/tick\.ts/,
    may: [
      /^src\/(core|ports)\//,
      /^src\/(gather|records|errors|secret|log)\.ts$/,
      /^src\/steps\/(step|act)\.ts$/,
      /^node:timers/,
      /^p-limit$/,
    ],
  },
  {
    from: /^src\/wire\.ts/,
    may: [/^providers\/index\.ts$/, /^src\/(ports|core)\//, /^src\/(configuration|errors|gather|timed)\.ts$/],
  },
  // Everything else in src may use all of src, but reaches providers through wire only.
  { from: /^src\//, may: [/^src\//, /^(?!\.)(?!providers\/)/] },
  // Providers know their contract, not what is decided with them.
  {
    from: /^providers\//,
    may: [
      /^providers\//,
      /^src\/ports\//,
      /^src\/core\/about\.ts$/,
      /^src\/(errors|secret|secret-reference|version)\.ts$/,
      /^(?!src\/)(?!\.)/,
    ],
  },
];

const sources = ['src', 'providers'].flatMap((folder) =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file)),
);

const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g;

it('imports point the right way', () => {
  const wrong = sources.flatMap((file) => {
    const { may } = ARROWS.find(({ from }) => from.test(file)) ?? { may: [] };
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        [...line.matchAll(IMPORT)].flatMap(([, target = '']) => {
          const imported = target.startsWith('.') ? relative('.', join(dirname(file), target)) : target;
          return may.some((pattern) => pattern.test(imported)) ? [] : [`${file}:${index + 1} imports ${imported}`];
        }),
      );
  });
  expect(wrong).toEqual([]);
});

it('the core takes nothing from outside but values', () => {
  const OUTSIDE = /Date\.now|new Date\(\)|Math\.random|\bprocess\./;
  const wrong = sources
    .filter((file) => file.startsWith('src/core/'))
    .filter((file) => OUTSIDE.test(readFileSync(file, 'utf8')));
  expect(wrong).toEqual([]);
});
