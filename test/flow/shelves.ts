import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vaultPolicy } from '../../providers/stores/vault.ts';
import { startBao } from '../programs/bao.ts';
import { startSecretsManager } from '../programs/secrets-manager-fake/server.ts';
import { REGION, signIn } from '../providers/aws-account.ts';
import { startMoto } from '../providers/moto.ts';
import type { Setting } from './world.ts';

/** Stores of each kind that whole flows run on. */
export interface Shelf {
  /** A place that nobody else uses, and how a world names it. */
  room: () => Promise<Pick<Setting, 'store' | 'configuration' | 'key'>>;
  close: () => Promise<void>;
}

interface ShelfKind {
  /** Programs others wrote. */
  needs: string[];
  open: () => Promise<Shelf>;
}

/** With the rights that `keyturn policy vault` prints and no others. */
async function openBao(): Promise<Shelf> {
  const bao = await startBao();
  let rooms = 0;
  return {
    async room() {
      const prefix = `room-${++rooms}`;
      await bao.writePolicy(prefix, vaultPolicy('worker', { mount: 'secret', prefix }));
      const file = join(bao.folder, prefix);
      await writeFile(file, await bao.tokenFor(prefix), { mode: 0o600 });
      const auth = `auth: { kind: token, token: { file: ${file} } }`;
      const vault = `{ kind: vault, address: "${bao.address}", ca: "${bao.ca}", prefix: ${prefix}, ${auth} }`;
      return { store: 'vault', configuration: `stores: { vault: ${vault} }\n` };
    },
    close: () => bao.stop(),
  };
}

const aws = (start: () => Promise<{ url: string; close: () => Promise<void> }>) => async (): Promise<Shelf> => {
  signIn('AKIAWORKER');
  const { url, close } = await start();
  let rooms = 0;
  return {
    async room() {
      const prefixes = `prefix: room-${++rooms}/keys, recordPrefix: room-${rooms}/records`;
      const aws = `{ kind: aws-secrets-manager, region: ${REGION}, endpoint: "${url}", ${prefixes} }`;
      return { store: 'aws', configuration: `stores: { aws: ${aws} }\n` };
    },
    close,
  };
};

/** Every world has a directory of its own. */
const embedded = (setting: Awaited<ReturnType<Shelf['room']>>): ShelfKind => ({
  needs: [],
  open: async () => ({ room: async () => setting, close: async () => undefined }),
});

const SHELVES = {
  directory: embedded({}),
  'two directories, one for passphrases': embedded({
    key: ', passphrase: { store: other }',
    configuration: 'stores: { other: { kind: directory, path: .keyturn/other } }\n',
  }),
  OpenBao: { needs: ['bao'], open: openBao },
  'a strict fake of AWS': { needs: [], open: aws(startSecretsManager) },
  moto: { needs: ['moto_server'], open: aws(startMoto) },
} satisfies Record<string, ShelfKind>;

/** All of them under `npm run test:stores`, and those named otherwise. */
export const shelves = (...sample: (keyof typeof SHELVES)[]): [string, ShelfKind][] =>
  Object.entries(SHELVES).filter(
    ([name]) => process.env.KEYTURN_STORES === 'all' || sample.some((each) => each === name),
  );
