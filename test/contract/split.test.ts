import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmbeddedIdentities, openDirectory } from '../../providers/stores/directory.ts';
import { memoryStore } from '../../providers/stores/memory.ts';
import { splitCustody } from '../../providers/stores/split.ts';
import { systemClock } from '../../src/clock.ts';
import { describeStore } from './store-suite.ts';

/** A store with its passphrases in another one keeps the same contract. */
describeStore('directory, passphrases in memory', {
  skip: {
    '17': 'the winner’s key may be locked anew under the passphrase that was first; split.test.ts of providers shows it',
  },
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-split-'));
    await createEmbeddedIdentities(folder);
    const passphrases = memoryStore({ clock: systemClock });
    const another = async () =>
      splitCustody(
        openDirectory({ path: 'store', identity: { file: 'identity.txt' } }, { clock: systemClock, folder }).store,
        { home: passphrases, elsewhere: async () => [] },
      );
    return { store: await another(), another, close: () => rm(folder, { recursive: true }) };
  },
});
