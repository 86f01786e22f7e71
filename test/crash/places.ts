import { startBao } from '../programs/bao.ts';
import { startMoto } from '../providers/moto.ts';

/** Where a crowd’s keys lie. */
export interface Place {
  /** What keyturn.yaml says of its stores, beside the built-in one. */
  stores: Record<string, object>;
  /** The store the policies name, and what its login needs in the environment. */
  store: string;
  env: Record<string, string>;
  close(): Promise<void>;
}

export const PLACES = {
  directory: async (): Promise<Place> => ({ stores: {}, store: 'local', env: {}, close: async () => undefined }),

  async vault(): Promise<Place> {
    const bao = await startBao();
    await bao.writePolicy('all', 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }');
    const auth = { kind: 'token', token: { env: 'BAO_OF_THE_CROWD' } };
    return {
      stores: { bao: { kind: 'vault', address: bao.address, ca: bao.ca, auth } },
      store: 'bao',
      env: { BAO_OF_THE_CROWD: await bao.tokenFor('all') },
      close: () => bao.stop(),
    };
  },

  async aws(): Promise<Place> {
    const moto = await startMoto();
    return {
      stores: { aws: { kind: 'aws-secrets-manager', region: 'eu-west-1', endpoint: moto.url } },
      store: 'aws',
      env: { AWS_ACCESS_KEY_ID: 'AKIACROWD', AWS_SECRET_ACCESS_KEY: 'not-checked', AWS_EC2_METADATA_DISABLED: 'true' },
      close: () => moto.close(),
    };
  },
};
