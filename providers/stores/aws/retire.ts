import { KeyturnError } from '../../../src/errors.ts';
import type { Store } from '../../../src/ports/store.ts';
import { type Description, usable } from './description.ts';
import { currentIn, materialState, notThere, untaggedIn } from './layout.ts';
import { noteFingerprint } from './material.ts';
import { CURRENT, nameUnder, versionId } from './names.ts';
import { notShown, type Secrets } from './writing.ts';

/** Taking every label off a generation is all that AWS can do; its tag stays as the tombstone. */
export function retirement(secrets: Secrets, prefix: string): Pick<Store, 'retireMaterial'> {
  return {
    async retireMaterial(key, generation) {
      const name = nameUnder(prefix, key);
      const description = await secrets.describe(name);
      if (description === null || materialState(usable(description), generation).state === 'absent') {
        throw notThere(key, generation);
      }
      if (currentIn(description) === generation) {
        throw new KeyturnError('refused', `generation ${generation} of ${key} is current, so it is not destroyed`, {
          hint: 'promote another one first',
        });
      }
      const labelled = labelsOf(description, generation);
      if (labelled.length === 0) return 'already';
      if (untaggedIn(description).includes(generation)) await noteFingerprint(secrets, name, key, generation);
      for (const { id, label } of labelled) await secrets.move(name, label, { from: id, to: null });
      const shown = await secrets.settled(name, (now) => labelsOf(now, generation).length === 0);
      if (shown) return 'detached';
      throw notShown(name, `generation ${generation} without labels`);
    },
  };
}

/**
 * Every label on a generation, AWSPREVIOUS on what consumers read of it included. Those of its material at the end: while it
 * has them the generation is not retired, and the next try starts from there.
 */
function labelsOf({ labels }: Description, generation: number): { id: string; label: string }[] {
  return [versionId('c', generation), versionId('g', generation)].flatMap((id) =>
    (labels.get(id) ?? []).filter((label) => label !== CURRENT).map((label) => ({ id, label })),
  );
}
