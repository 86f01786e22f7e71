import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { KeyturnError } from './errors.ts';

/** Puts a whole text where readers see either what was there before or all of it. Throws `unavailable` and leaves nothing behind. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o644, flush: true });
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    throw new KeyturnError('unavailable', `${path} cannot be written (${(cause as NodeJS.ErrnoException).code})`, {
      hint: 'name a file in an existing folder you may write to',
      cause,
    });
  }
}
