import { randomUUID } from 'node:crypto';
import type { KeyId, Material, Store } from '../../../src/ports/store.ts';
import { Secret } from '../../../src/secret.ts';
import { fingerprintOf } from '../../keys.ts';
import { usable } from './description.ts';
import { assertLive, corrupt, currentIn, gone, materialState, parsed, StoredMaterial, tagFor } from './layout.ts';
import { labelOf, nameUnder, versionId } from './names.ts';
import { forgetOldest } from './tombstones.ts';
import { notShown, type Secrets } from './writing.ts';

/** Material is written once, under its label. What then has the label counts, whoever put it there. */
export function materialShelf(
  secrets: Secrets,
  prefix: string,
): Pick<Store, 'statMaterial' | 'putMaterial' | 'readMaterial'> {
  return {
    /** As the reader, and completes what a stop between pair and tag left. */
    async statMaterial(key, generation) {
      const name = nameUnder(prefix, key);
      const description = await secrets.describe(name);
      if (description === null) return { state: 'absent' };
      const found = materialState(description, generation);
      if (found.state !== 'live' || found.fingerprint !== undefined) return found;
      return { ...found, ...(await noteFingerprint(secrets, name, key, generation)) };
    },

    async putMaterial(key, generation, material) {
      const name = nameUnder(prefix, key);
      const label = labelOf('g', generation);
      const found = (await secrets.describe(name)) ?? (await secrets.create(name, versionId('g', 0)));
      // A secret of that name that is not keyturn’s has AWSCURRENT elsewhere.
      currentIn(usable(found));
      if (materialState(found, generation).state === 'retired') throw gone(key, generation);
      const writeId = randomUUID();
      await secrets.put(name, versionId('g', generation), written(generation, material, writeId), label);
      const stored = await secrets.insist(() => secrets.read(name, label));
      // Its id is taken and nothing bears its label: it was retired.
      if (stored === null) throw gone(key, generation);
      const { fingerprint, writeId: winner } = parsed(stored.text, StoredMaterial, name, label);
      await secrets.tag(name, { [label]: tagFor(fingerprint, stored.createdAt) });
      const shown = await secrets.settled(name, ({ tags }) => tags.has(label));
      if (shown === null) throw notShown(name, `generation ${generation}`);
      await forgetOldest(secrets, shown);
      if (winner === writeId) return 'created';
      return fingerprint === material.fingerprint ? 'same' : 'other';
    },

    readMaterial: async (key, generation) =>
      materialOf(await storedMaterial(secrets, nameUnder(prefix, key), key, generation)),
  };
}

/** What is stored, checked against its fingerprint. Throws `not-found`, `gone` or `corrupt`. */
export async function storedMaterial(
  secrets: Secrets,
  name: string,
  key: KeyId,
  generation: number,
): Promise<StoredMaterial> {
  const label = labelOf('g', generation);
  const version =
    (await secrets.read(name, label)) ??
    (await secrets.insist(async () => {
      const description = await secrets.describe(name);
      assertLive(key, generation, description ? materialState(description, generation) : { state: 'absent' });
      return secrets.read(name, label);
    }));
  if (version === null) throw notShown(name, `generation ${generation}`);
  const material = parsed(version.text, StoredMaterial, name, label);
  const isWhole =
    version.id === versionId('g', generation) &&
    material.generation === generation &&
    fingerprintIn(material.publicKey) === material.fingerprint;
  if (isWhole) return material;
  throw corrupt(name, `generation ${generation} is not the pair its fingerprint names`);
}

const fingerprintIn = (publicKey: string): string | null => {
  try {
    return fingerprintOf(publicKey);
  } catch {
    return null;
  }
};

const written = (generation: number, material: Material, writeId: string): string => {
  const { privateKey, passphrase, publicKey, fingerprint } = material;
  const stored: StoredMaterial = {
    generation,
    privateKey: privateKey.revealText(),
    passphrase: passphrase?.revealText() ?? null,
    publicKey,
    fingerprint,
    writeId,
  };
  return JSON.stringify(stored);
};

const materialOf = ({ privateKey, passphrase, publicKey, fingerprint }: StoredMaterial): Material => ({
  privateKey: new Secret(privateKey),
  passphrase: passphrase === null ? null : new Secret(passphrase),
  publicKey,
  fingerprint,
});

/**
 * Without the tag planners would not know the pair, and nothing would tell, once it is retired, that it ever was. Returns what the
 * tag says. Throws `gone` where it is retired already.
 */
export async function noteFingerprint(
  secrets: Secrets,
  name: string,
  key: KeyId,
  generation: number,
): Promise<{ fingerprint: string; createdAt: Date }> {
  const label = labelOf('g', generation);
  const version = await secrets.insist(() => secrets.read(name, label));
  if (version === null) throw gone(key, generation);
  const { fingerprint } = parsed(version.text, StoredMaterial, name, label);
  await secrets.tag(name, { [label]: tagFor(fingerprint, version.createdAt) });
  return { fingerprint, createdAt: version.createdAt };
}
