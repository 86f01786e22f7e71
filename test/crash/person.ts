import assert from 'node:assert/strict';
import type { VenueCapabilities } from '../../src/core/capabilities.ts';
import type { Task } from '../../src/core/tasks.ts';
import { personAt } from '../../src/demo/person.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Give } from './life.ts';
import type { Worker } from './processes.ts';

/** Somebody who does what the cards say on the sandbox’s page, once each, and hands key ids in at a desk of their own. */
export interface Person {
  /** Fingerprint of each public half that was registered, to the key id it got. */
  registered: Map<string, string>;
  /** Key ids, in the order in which they were deleted. */
  deleted: string[];
  does(task: Task, give: Give): Promise<void>;
}

export function aPerson(
  page: string,
  { switches }: VenueCapabilities,
  { store, desk }: { store: Store; desk: Worker },
): Person {
  const atThePage = personAt(page, new Map(switches.map(({ label, field }) => [label, field])));
  const registered = new Map<string, string>();
  const deleted: string[] = [];

  /** Nobody is shown a public half whose private half is not in the store. */
  async function registersFirst(task: Task): Promise<string> {
    const stored = await store.readMaterial(task.key, task.generation);
    assert.equal(stored.fingerprint, task.fingerprint);
    assert.equal(stored.publicKey, task.publicKey);
    const apiKey = await atThePage.register(task);
    registered.set(task.fingerprint, apiKey);
    return apiKey;
  }

  return {
    registered,
    deleted,
    async does(task, give) {
      if (task.kind === 'register') {
        const apiKey = registered.get(task.fingerprint) ?? (await registersFirst(task));
        await give(desk, { order: 'register', apiKey });
      } else if (task.kind === 'delete' && task.apiKey !== null && !deleted.includes(task.apiKey)) {
        await atThePage.delete(task);
        deleted.push(task.apiKey);
      }
    },
  };
}
