import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmbeddedIdentities, openDirectory } from '../../providers/stores/directory.ts';
import { systemClock } from '../../src/clock.ts';
import { describeStore } from './store-suite.ts';

describeStore('directory', {
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-directory-'));
    await createEmbeddedIdentities(folder);
    const another = async () =>
      openDirectory({ path: 'store', identity: { file: 'identity.txt' } }, { clock: systemClock, folder }).store;
    return { store: await another(), another, close: () => rm(folder, { recursive: true }) };
  },
});
