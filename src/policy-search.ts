import { readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { KeyturnError } from './errors.ts';
import { asTyped, orInvalid } from './source.ts';

/** Files by what they are for: absolute paths, sorted, each once. */
export interface Found {
  policies: string[];
  /** `*.rules.yaml`: rules beside the built-in ones. */
  rules: string[];
  /** `*.test.yaml`: what rules are expected to find. */
  tests: string[];
}

/**
 * Searches folders through. A file that is named is taken whatever it is called, with the rules that stand beside it. Throws
 * `invalid` for what is not there or cannot be read.
 */
export function findFiles(paths: readonly string[]): Found {
  const found = { policies: new Set<string>(), rules: new Set<string>(), tests: new Set<string>() };
  for (const path of paths.map((path) => resolve(path))) {
    const what = orInvalid(path, () => statSync(path, { throwIfNoEntry: false }));
    if (what === undefined)
      throw new KeyturnError('invalid', `${asTyped(path)} does not exist`, {
        hint: 'name a file or folder of policies; keyturn init writes a first one into policies',
      });
    if (what.isDirectory()) search(path, { found, searched: new Set() });
    else {
      found[kindOf(path)].add(path);
      for (const rules of rulesIn(dirname(path))) found.rules.add(rules);
    }
  }
  return { policies: [...found.policies].sort(), rules: [...found.rules].sort(), tests: [...found.tests].sort() };
}

const POLICY = /\.(?:ya?ml|json)$/;
const OTHER = /^\.|^keyturn\.yaml$|(?:^|\.)schema\.json$/;

const kindOf = (path: string): keyof Found =>
  path.endsWith('.rules.yaml') ? 'rules' : path.endsWith('.test.yaml') ? 'tests' : 'policies';

/** Whether a folder that is searched through has a file of use at this path inside it, and for what. */
export function kindInside(path: string): keyof Found | null {
  const isOther = path.split('/').some((part) => OTHER.test(part));
  return POLICY.test(path) && !isOther ? kindOf(path) : null;
}

interface Search {
  found: Record<keyof Found, Set<string>>;
  /** Real paths of folders: links may lead back. */
  searched: Set<string>;
}

function search(folder: string, progress: Search): void {
  const real = orInvalid(folder, () => realpathSync(folder));
  if (progress.searched.has(real)) return;
  progress.searched.add(real);
  for (const entry of orInvalid(folder, () => readdirSync(folder, { withFileTypes: true }))) {
    if (OTHER.test(entry.name)) continue;
    const inside = join(folder, entry.name);
    const what = entry.isSymbolicLink() ? orInvalid(inside, () => statSync(inside)) : entry;
    if (what.isDirectory()) search(inside, progress);
    else if (POLICY.test(entry.name)) progress.found[kindOf(inside)].add(regular(inside, what.isFile()));
  }
}

/** Reading a pipe that nobody writes to would never end. One that is named is read: a shell may have made it. */
function regular(path: string, isFile: boolean): string {
  if (isFile) return path;
  throw new KeyturnError('invalid', `${asTyped(path)} is no file`, {
    hint: 'remove this pipe, socket or device from the folder, or name the files one by one',
  });
}

/** Directly in it. */
const rulesIn = (folder: string): string[] =>
  orInvalid(folder, () => readdirSync(folder))
    .filter((name) => !OTHER.test(name) && kindOf(name) === 'rules')
    .map((name) => join(folder, name));
