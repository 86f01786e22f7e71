import type { Store } from '../../../src/ports/store.ts';
import { usable } from './description.ts';
import { evidenceSecret } from './layout.ts';
import { labelOf, nameUnder, versionId } from './names.ts';
import { notShown, type Secrets } from './writing.ts';

/** Documents that are written once and kept by their labels. */
export function evidenceShelf(secrets: Secrets, recordPrefix: string): Pick<Store, 'putEvidence'> {
  return {
    async putEvidence(key, generation, text) {
      const name = evidenceSecret(nameUnder(recordPrefix, key), generation);
      const label = labelOf('e', generation);
      const before = await secrets.read(name, label);
      if (before) return before.text === text ? 'same' : 'other';
      usable((await secrets.describe(name)) ?? (await secrets.create(name, versionId('r', 0))));
      await secrets.put(name, versionId('e', generation), text, label);
      const stored = await secrets.insist(() => secrets.read(name, label));
      if (stored === null) throw notShown(name, `the evidence of generation ${generation}`);
      return stored.text === text ? 'created' : 'other';
    },
  };
}
