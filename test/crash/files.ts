import * as files from 'node:fs/promises';
import { passing, stoppable } from './stops.ts';

/** Takes the place of node:fs/promises in the directory store of a worker: the same functions, with moments to stop at. */
export { lstat, readdir, readFile, readlink, stat, statfs } from 'node:fs/promises';

/** `link record/N`, `unlink key.pem.age`: what is done to which entry, whatever its number. */
function entry(verb: string, path: unknown): string {
  const [folder = '', name = ''] = String(path).split('/').slice(-2);
  if (name.startsWith('.tmp-')) return `${verb} ${folder.replace(/^\d+$/, 'N')}/temporary`;
  return /^\d+(\.json)?$/.test(name) ? `${verb} ${folder}/N` : `${verb} ${name}`;
}

export const chmod = stoppable(files.chmod, (path) => entry('chmod', path));
export const link = stoppable(files.link, (_existing, path) => entry('link', path));
export const mkdir = stoppable(
  (path: string, mode: number) => files.mkdir(path, mode),
  (path) => entry('mkdir', path),
);
export const rename = stoppable(files.rename, (_old, path) => entry('rename', path));
export const rm = stoppable(files.rm, (path) => entry('rm', path));
export const symlink = stoppable(files.symlink, (_target, path) => entry('symlink', path));
export const unlink = stoppable(files.unlink, (path) => entry('unlink', path));

/** A file can also be left half written. */
export async function open(path: string, flags?: string, mode?: number) {
  const handle = await files.open(path, flags, mode);
  passing('after', entry('open', path));
  return {
    async writeFile(content: Buffer | string): Promise<void> {
      const bytes = Buffer.from(content);
      const half = bytes.length >> 1;
      await handle.writeFile(bytes.subarray(0, half));
      passing('after', entry('half of', path));
      await handle.writeFile(bytes.subarray(half));
      passing('after', entry('write', path));
    },
    chmod: (bits: number) => handle.chmod(bits),
    sync: stoppable(
      () => handle.sync(),
      () => entry('sync', path),
    ),
    close: () => handle.close(),
  };
}
