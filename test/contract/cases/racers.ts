import type { Store } from '../../../src/ports/store.ts';

/** Twenty calls at once, every other one through another worker's store; the answers by racer. */
export const raced = <T>(
  stores: readonly [Store, Store],
  call: (store: Store, racer: number) => Promise<T>,
): Promise<T[]> => Promise.all(Array.from({ length: 20 }, (_, racer) => call(stores[racer % 2 === 0 ? 0 : 1], racer)));
