import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOnce } from '../src/create-once.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-create-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string, text = name, mode = 0o600) => ({ path: join(folder, name), text, mode });

describe('files created once', () => {
  it('appear with their texts and modes, and nothing beside them', async () => {
    await createOnce([file('a', 'one'), file('b', 'two', 0o400)]);
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('one');
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'b')).mode & 0o777).toBe(0o400);
  });

  it('take the first back where the second is there already', async () => {
    writeFileSync(join(folder, 'b'), 'theirs');
    await expect(createOnce([file('a'), file('b')])).rejects.toMatchObject({ code: 'usage' });
    expect(readdirSync(folder)).toEqual(['b']);
    expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('theirs');
  });

  it('do not go through a link, not even one that leads nowhere', async () => {
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'a'));
    await expect(createOnce([file('a')])).rejects.toThrow(/is there already/);
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('leave nothing where one has no folder', async () => {
    await expect(createOnce([file('a'), file('nowhere/b')])).rejects.toThrow(/cannot be created \(ENOENT\)/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are made by one of many who try at once, and whole', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, each) => createOnce([file('a', `${each}`), file('b', `${each}`)])),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe(readFileSync(join(folder, 'b'), 'utf8'));
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
  });
});
