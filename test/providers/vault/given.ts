import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type * as z from 'zod/mini';
import { openVault, VaultOptions, vaultPolicy } from '../../../providers/stores/vault.ts';
import { systemClock } from '../../../src/clock.ts';
import type { KeyturnError } from '../../../src/errors.ts';
import type { Store, StoreReader } from '../../../src/ports/store.ts';
import type { Bao } from '../../programs/bao.ts';

/** Stores as workers, planners and others open them on one OpenBao, each under the printed policy of its role alone. */

export const PLACE = { mount: 'secret', prefix: 'keyturn' };
export const ROLES = ['worker', 'planner', 'consumer'] as const;
export type Role = (typeof ROLES)[number];

export async function writePolicies(bao: Bao): Promise<void> {
  for (const role of ROLES) await bao.writePolicy(role, vaultPolicy(role, PLACE));
}

export type Options = Partial<z.input<typeof VaultOptions>>;

export interface Opening {
  options?: Options;
  /** Milliseconds for one call. */
  deadline?: number;
}

/** A token file of this content, readable for its owner only. */
export async function secretFile({ folder }: Bao, content: string): Promise<{ file: string }> {
  const file = join(folder, `secret-${randomUUID()}`);
  await writeFile(file, `${content}\n`, { mode: 0o600 });
  return { file };
}

export async function tokenLogin(bao: Bao, role: Role): Promise<{ kind: 'token'; token: { file: string } }> {
  return { kind: 'token', token: await secretFile(bao, await bao.tokenFor(role)) };
}

/** For whoever closes it. */
export const openStore = async (bao: Bao, opening: Opening = {}): Promise<Store> =>
  openVault(...(await ingredients(bao, 'worker', opening))).store;

/** Closed when the test ends. */
export async function aStore(bao: Bao, opening: Opening = {}): Promise<Store> {
  const store = await openStore(bao, opening);
  onTestFinished(() => store.close());
  return store;
}

export async function aReader(bao: Bao, role: Role, opening: Opening = {}): Promise<StoreReader> {
  const reader = openVault(...(await ingredients(bao, role, opening))).reader;
  onTestFinished(() => reader.close());
  return reader;
}

async function ingredients(bao: Bao, role: Role, { options = {}, deadline }: Opening) {
  const auth = options.auth ?? (await tokenLogin(bao, role));
  const parsed = VaultOptions.parse({ address: bao.address, ca: bao.ca, ...PLACE, ...options, auth });
  const deadlines = deadline === undefined ? {} : { deadlines: { none: deadline, write: deadline } };
  return [parsed, { clock: systemClock, folder: bao.folder, ...deadlines }] as const;
}

/** A key of nobody else. */
export const aKey = (): string => `desk/k${randomUUID().slice(0, 8)}`;

/** The error of what must fail. */
export const failing = (work: Promise<unknown>): Promise<KeyturnError> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );
