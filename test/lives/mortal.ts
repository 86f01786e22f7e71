import type { Store } from '../../src/ports/store.ts';

/** The end of a process, as those see it who waited for its answer. */
export class Death extends Error {}

const WRITES: readonly PropertyKey[] = ['writeRecord', 'putMaterial', 'promote', 'retireMaterial', 'putEvidence'];

/** The same store as a worker sees it who dies right after its nth write: nothing it asks for afterwards is done. */
export function mortal(store: Store, writes = Number.POSITIVE_INFINITY): Store {
  let left = writes;
  return new Proxy(store, {
    get(target, name, receiver) {
      const member = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return async (...parameters: unknown[]) => {
        if (left <= 0) throw new Death();
        if (WRITES.includes(name)) left--;
        const answer = await Reflect.apply(member, target, parameters);
        if (left <= 0) throw new Death();
        return answer;
      };
    },
  });
}
