import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { forMany } from './core/for-many.ts';
import { PolicyFile } from './core/policy-schema.ts';
import { isKeyturnError, KeyturnError } from './errors.ts';
import { type Blob, blobsAt, commitOf, isShallow } from './git.ts';
import {
  type CheckedFile,
  checkFile,
  checkPolicies,
  customRules,
  loadPolicies,
  type Policies,
  type PolicyContext,
} from './policy-files.ts';
import { kindInside } from './policy-search.ts';
import { asTyped, type Source, sourceOf } from './source.ts';

/** Policies as they are in a folder, or as they were at a git revision. */

export interface Editions {
  /** `text` names a folder (or one file), or a revision of the repository that the policies lie in. Throws `usage` when it names nothing, or both. */
  load(text: string): Promise<Policies>;
}

/** Files that two revisions have in common are checked once, unless one has other rules beside them. */
export function editionsOf(policies: string, surroundings: PolicyContext): Editions {
  const checked = new Map<string, CheckedFile>();
  return {
    load: async (text) => {
      if (await isFolder(text, policies)) return loadPolicies([text], surroundings);
      const { folder, blobs, kindOf } = await blobsOf(text, policies);
      const of = (kind: string) => blobs.filter(({ path }) => kindOf(path) === kind);
      const rules = of('rules');
      const custom = await customRules(rules.map((blob) => sourceIn(folder, blob)));
      const context = { ...surroundings, rules: custom.rules };
      const found = of('policies');
      const schema = await forMany(PolicyFile, found.length);
      const files = found.map((blob) => {
        const mark = [blob.path, blob.id, ...rules.map(({ id }) => id)].join(' ');
        const file = checked.get(mark) ?? checkFile(sourceIn(folder, blob), context, schema);
        checked.set(mark, file);
        return file;
      });
      return checkPolicies(files, context, custom.problems);
    },
  };
}

const sourceIn = (folder: string, { path, bytes }: Blob): Source => sourceOf(asTyped(join(folder, path)), bytes);

async function blobsOf(revision: string, policies: string) {
  const { folder, path, skip } = placeOf(policies);
  const commit = (await commitOf(revision, folder)) ?? (await unknownRevision(revision, folder));
  // A file that is named is taken whatever it is called.
  const kindOf = (found: string) => kindInside(found.slice(skip)) ?? (found === path ? 'policies' : null);
  return {
    folder,
    kindOf,
    blobs: await blobsAt(commit, { folder, path, isWanted: (found) => kindOf(found) !== null }),
  };
}

/**
 * What a change under review adds must not decide what its policies are compared with: a folder called like a branch is
 * refused, not preferred.
 */
async function isFolder(text: string, policies: string): Promise<boolean> {
  if (/^\.{0,2}[/\\]|^\.{1,2}$/.test(text)) return true;
  if (!existsSync(text)) return false;
  const commit = await commitOf(text, placeOf(policies).folder).catch((error) => {
    if (isKeyturnError(error)) return null;
    throw error;
  });
  if (commit === null) return true;
  throw new KeyturnError('usage', `“${text}” is both a folder and a git revision`, {
    hint: `write ./${text} for the folder, or refs/heads/${text} for the branch`,
  });
}

interface Place {
  /** Where git is asked: the folder of policies, or the nearest one above that is there. */
  folder: string;
  /** From there. */
  path: string;
  /** Characters of git's paths that lead to the folder of policies. */
  skip: number;
}

function placeOf(policies: string): Place {
  const whole = resolve(policies);
  let folder = whole;
  while (!existsSync(folder) || !statSync(folder).isDirectory()) folder = dirname(folder);
  const path = relative(folder, whole);
  return path === '' ? { folder, path: '.', skip: 0 } : { folder, path, skip: path.length + 1 };
}

async function unknownRevision(text: string, folder: string): Promise<never> {
  if (await isShallow(folder))
    throw new KeyturnError('usage', `this clone is shallow and does not have “${text}”`, {
      hint: 'git fetch --unshallow; in GitHub Actions set fetch-depth: 0, in GitLab CI GIT_DEPTH: 0',
    });
  throw new KeyturnError('usage', `“${text}” is neither a folder nor a git revision`, {
    hint: 'write a folder, or a branch, tag or commit that git log knows; git fetch brings those of others',
  });
}
