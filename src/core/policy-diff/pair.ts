import type { Key } from '../policy.ts';

/** A key before and after; `formerly` says whether a renamed one keeps its record. */
export type Pair =
  | { kind: 'added'; before: null; after: Key }
  | { kind: 'removed'; before: Key; after: null }
  | { kind: 'kept'; before: Key; after: Key }
  | { kind: 'renamed'; before: Key; after: Key; formerly: boolean };

/** Who is whom: by name, then by the record it keeps, then by account, application and purpose. In the order of `after`, what is gone last. */
export function pairsOf(before: readonly Key[], after: readonly Key[]): Pair[] {
  const left = new Map(before.map((key) => [key.id, key]));
  const take = (key: Key | undefined): Key | undefined => (key && left.delete(key.id) ? key : undefined);
  const named = new Map(after.map((key) => [key.id, take(left.get(key.id))]));
  const others = after.filter(({ id }) => !named.get(id));
  const byRecord = match(others, left, ({ storedAs }) => storedAs);
  for (const old of byRecord.values()) take(old);
  const byUse = match(
    others.filter(({ id }) => !byRecord.has(id)),
    left,
    useOf,
  );
  for (const old of byUse.values()) take(old);
  return [
    ...after.map((key): Pair => {
      const same = named.get(key.id);
      if (same) return { kind: 'kept', before: same, after: key };
      const old = byRecord.get(key.id) ?? byUse.get(key.id);
      if (old) return { kind: 'renamed', before: old, after: key, formerly: byRecord.has(key.id) };
      return { kind: 'added', before: null, after: key };
    }),
    ...[...left.values()].map((key): Pair => ({ kind: 'removed', before: key, after: null })),
  ];
}

const useOf = ({ account, application, purpose }: Key): string => JSON.stringify([account, application, purpose]);

/** For each of these keys the one that is left with the same mark. */
function match(keys: readonly Key[], left: ReadonlyMap<string, Key>, markOf: (key: Key) => string): Map<string, Key> {
  const marked = new Map([...left.values()].map((key) => [markOf(key), key]));
  return new Map(
    keys.flatMap((key) => {
      const old = marked.get(markOf(key));
      return old ? [[key.id, old] as const] : [];
    }),
  );
}
