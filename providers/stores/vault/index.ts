import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { KeyturnError } from '../../../src/errors.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { OpenStore, StoreReader } from '../../../src/ports/store.ts';
import { createHttpClient } from '../../http.ts';
import { openApi } from './api.ts';
import { examine } from './examine.ts';
import { assertKv2, assertServing, engineConfig, vanishing } from './health.ts';
import { type Kv, kv2 } from './kv.ts';
import type { VaultOptions } from './options.ts';
import { readerOver } from './reader.ts';
import { openSession, type Session } from './session.ts';
import { storeOver } from './store.ts';
import { type TransportOptions, transportOver } from './transport.ts';

/** HashiCorp Vault and OpenBao, KV version 2. */

export interface VaultDependencies extends Pick<TransportOptions, 'deadlines'> {
  clock: Clock;
  /** Where relative paths start. */
  folder: string;
}

/** Sends nothing before it is asked something. */
export function openVault(options: VaultOptions, dependencies: VaultDependencies): OpenStore {
  const { kv, session, common } = connect(options, dependencies);
  const { mount } = options;
  return {
    reader: { ...readerOver(kv), ...common },
    store: {
      ...storeOver(kv),
      ...common,
      async check(use) {
        await assertServing(session);
        await assertKv2(session, mount);
        if (use === 'records') return;
        const after = (await engineConfig(session, mount))?.deletesAfter;
        if (!after) return;
        const { message, hint } = vanishing(mount, after);
        throw new KeyturnError('unsupported', message, { hint });
      },
    },
  };
}

interface Connected {
  kv: Kv;
  session: Session;
  common: Pick<StoreReader, 'examine' | 'close'>;
}

function connect(options: VaultOptions, { clock, folder, deadlines }: VaultDependencies): Connected {
  refuseSkippedVerification();
  const { address, namespace, mount, prefix, auth, ca } = options;
  let skew: number | null = null;
  const transport = transportOver({
    http: createHttpClient({ now: () => clock.now(), ca: ca === undefined ? null : authorities(ca, folder) }),
    onDate: (serverTime) => {
      skew = (serverTime.getTime() - clock.now().getTime()) / 1000;
    },
    ...(deadlines ? { deadlines } : {}),
  });
  const session = openSession({ api: openApi({ address, namespace, transport }), auth, folder });
  const kv = kv2({ session, mount, prefix, assertKv2: once(() => assertKv2(session, mount)) });
  return {
    kv,
    session,
    common: {
      examine: () => examine({ session, mount, prefix, skew: () => skew }),
      close: () => session.close(),
    },
  };
}

/** Any value, `false` too, makes Vault’s own tools and node-vault accept every certificate; whoever set it may expect that of us. */
function refuseSkippedVerification(): void {
  if (!process.env.VAULT_SKIP_VERIFY) return;
  throw new KeyturnError('invalid', 'VAULT_SKIP_VERIFY is set, and keyturn always verifies certificates', {
    hint: 'unset VAULT_SKIP_VERIFY; let ca in keyturn.yaml name the file of your own authority',
  });
}

function authorities(path: string, folder: string): Buffer {
  try {
    return readFileSync(resolve(folder, path));
  } catch (cause) {
    throw new KeyturnError('invalid', `the file of authorities ${path} cannot be read`, {
      hint: 'let ca in keyturn.yaml name a PEM file; relative paths start at the folder of keyturn.yaml',
      cause,
    });
  }
}

/** Success is remembered, failure asked again. */
function once(ask: () => Promise<void>): () => Promise<void> {
  let answer: Promise<void> | null = null;
  return () => {
    answer ??= ask().catch((error) => {
      answer = null;
      throw error;
    });
    return answer;
  };
}
