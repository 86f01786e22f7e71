import { afterAll, beforeAll } from 'vitest';
import { openVault, VaultOptions, vaultPolicy } from '../../providers/stores/vault.ts';
import { systemClock } from '../../src/clock.ts';
import { type Bao, startBao } from '../programs/bao.ts';
import { describeWith } from '../programs/index.ts';
import { describeStore } from './store-suite.ts';

/** Against a real OpenBao, with the rights that `keyturn policy vault` prints and no others. */

describeWith(['bao'], 'OpenBao', () => {
  let bao: Bao;
  beforeAll(async () => {
    bao = await startBao();
  });
  afterAll(() => bao.stop());

  describeStore('vault', {
    skip: { '72': 'Vault lists folders, whatever lies in them' },
    async open() {
      await bao.writePolicy('worker', vaultPolicy('worker', { mount: 'secret', prefix: 'desk/keyturn' }));
      const variable = 'KEYTURN_TEST_VAULT_TOKEN';
      process.env[variable] = await bao.tokenFor('worker');
      const options = VaultOptions.parse({
        address: bao.address,
        ca: bao.ca,
        prefix: 'desk/keyturn',
        auth: { kind: 'token', token: { env: variable } },
      });
      const another = async () => openVault(options, { clock: systemClock, folder: bao.folder }).store;
      return { store: await another(), another, close: async () => void delete process.env[variable] };
    },
  });
});
