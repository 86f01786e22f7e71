import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Clock } from '../../src/ports/clock.ts';

/** A turned clock that several processes share: a file says by how many milliseconds it is ahead. */
export const fileClock = (path: string): Clock => ({
  now: () => new Date(Date.now() + Number(readFileSync(path, 'utf8'))),
});

export function turnFileClock(path: string, to: Date): void {
  const aside = `${path}.new`;
  writeFileSync(aside, `${to.getTime() - Date.now()}`);
  renameSync(aside, path);
}
