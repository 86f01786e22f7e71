import { wayBack } from '../core/audit.ts';
import { type Finding, found } from '../core/doctor/finding.ts';
import { isFixable } from '../core/doctor/table.ts';
import { type Key, storesOf } from '../core/policy.ts';
import { explain, isKeyturnError, type KeyturnError } from '../errors.ts';
import type { StoreFinding } from '../ports/store.ts';
import { uncoveredIn } from '../uncovered.ts';
import type { Workspace } from '../workspace.ts';

/** What stores say of themselves, and whether their keys can be looked at. */
export interface StoresLook {
  findings: Finding[];
  /** Stores that did not answer. */
  unreachable: ReadonlySet<string>;
}

/** Examines the stores these keys lie in. Changes nothing. */
export async function lookAtStores(workspace: Workspace, keys: readonly Key[]): Promise<StoresLook> {
  const names = [...new Set(keys.flatMap(storesOf))];
  const looks = await Promise.all(names.map((store) => examined(workspace, store)));
  const findings = looks.flat();
  return {
    findings,
    unreachable: new Set(findings.filter(({ code }) => code === 'store-unreachable').map(({ subject }) => subject)),
  };
}

async function examined({ ports, keys }: Workspace, store: string): Promise<Finding[]> {
  return orUnreachable(store, async () => {
    const here = keys.filter((key) => storesOf(key).includes(store));
    const byPlace = new Map(here.map(({ storedAs, id }) => [storedAs, id]));
    return (await (await ports.sources.reader(store)).examine()).map((finding) => asFinding(finding, store, byPlace));
  });
}

/** Only what lies under a key of a policy is mended: everything else is nobody’s. */
function asFinding(
  { code, severity, message, hint, key }: StoreFinding,
  store: string,
  byPlace: ReadonlyMap<string, string>,
): Finding {
  const covered = key === undefined ? undefined : byPlace.get(key);
  const about = { code, severity, subject: covered ?? key ?? store, message };
  return covered !== undefined && isFixable(code)
    ? { ...about, next: `keyturn doctor --fix ${covered}`, mend: { kind: 'tidy' } }
    : { ...about, next: hint, mend: null };
}

/** Records no policy names, in every configured store that is not known to be out of reach. */
export async function lookForUncovered(workspace: Workspace, { unreachable }: StoresLook): Promise<Finding[]> {
  const stores = workspace.ports.sources.stores.filter((store) => !unreachable.has(store));
  const looks = await Promise.all(
    stores.map((store) =>
      orUnreachable(store, async () => (await uncoveredIn(workspace, store)).map((key) => uncoveredKey(key, store))),
    ),
  );
  return looks.flat();
}

const uncoveredKey = (key: string, store: string): Finding =>
  found('uncovered', key, `store ${store} has a key that no policy names; nothing is done for it`, {
    next: wayBack(key),
  });

async function orUnreachable(store: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (isKeyturnError(error)) return [outOfReach(store, error)];
    throw error;
  }
}

const outOfReach = (store: string, { message, hint }: KeyturnError): Finding =>
  found('store-unreachable', store, message, { next: hint });

/** Opened for acting on it, which also shows rights that reading does not need. */
export const unusable = (store: string, error: KeyturnError): Finding =>
  found('store-unusable', store, explain(error), { next: error.hint });
