import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FINDINGS } from '../src/core/doctor/table.ts';

const codes = Object.values(FINDINGS).flatMap((group) => Object.keys(group));

const sources = ['src', 'providers'].flatMap((folder) =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts') && !file.endsWith('doctor/table.ts'))
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8')),
);

describe('the table of findings', () => {
  it('has each code once', () => expect(new Set(codes).size).toBe(codes.length));

  it('has no finding that nothing gives', () => {
    const text = sources.join('\n');
    expect(codes.filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });

  it('lists whatever a store’s examination can find', () => {
    const examinations = sources.filter((text) => text.includes('StoreFinding') && text.includes('code: '));
    const found = examinations.flatMap((text) => [...text.matchAll(/(?:code|any|denied): '([a-z-]+)'/g)]);
    expect(found.length).toBeGreaterThan(5);
    expect(found.map(([, code = '']) => code).filter((code) => !codes.includes(code))).toEqual([]);
  });

  it('is what docs/doctor.md shows', () => {
    const page = readFileSync('docs/doctor.md', 'utf8');
    expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });
});
