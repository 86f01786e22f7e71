import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REASONS } from '../src/core/reasons.ts';

const codes = Object.values(REASONS).flatMap((group) => Object.keys(group));

describe('the table of reasons', () => {
  it('has each code once', () => expect(new Set(codes).size).toBe(codes.length));

  it('has no reason that nothing gives', () => {
    const folders = ['src', 'providers'];
    const files = folders.flatMap((folder) =>
      (readdirSync(folder, { recursive: true }) as string[]).map((file) => `${folder}/${file}`),
    );
    const code = files
      .filter((file) => file.endsWith('.ts') && !file.endsWith('core/reasons.ts'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    expect(codes.filter((reason) => !code.includes(`'${reason}'`))).toEqual([]);
  });

  it('is what docs/life-of-a-key.md shows', () => {
    const page = readFileSync('docs/life-of-a-key.md', 'utf8');
    expect(codes.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([]);
  });
});
