import { chmod, mkdir, readdir, readFile, readlink, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/ports/store.ts';
import { Secret } from '../../src/secret.ts';
import { aPair } from '../contract/cases/material.ts';
import { everythingIn, folders, KEY } from './directory-folder.ts';

const aFolder = folders();
const isRoot = process.getuid?.() === 0;

const promotion = (from: number | null, to: number) => ({ from, to, apiKey: `key-id-${to}` });

/** A key in the middle of its life: generation 1 destroyed, 2 current, 3 next. */
async function live(store: Store): Promise<void> {
  for (const generation of [1, 2, 3]) await store.putMaterial(KEY, generation, await aPair());
  await store.promote(KEY, promotion(null, 1));
  await store.promote(KEY, promotion(1, 2));
  await store.retireMaterial(KEY, 1);
  await store.putEvidence(KEY, 1, 'seen dead\n');
  await store.writeRecord(KEY, 'the record', 'absent');
}

/** The consumers' view: nothing but the folder that `current` names. */
const readByConsumer = async (current: string): Promise<string[]> =>
  Promise.all(['public.pem', 'api-key.txt'].map((name) => readFile(join(current, name), 'utf8')));

describe('files of the directory store', () => {
  it('belong to their owner alone, whatever the umask takes away', async () => {
    const { folder, open } = await aFolder();
    const before = process.umask(0o277);
    try {
      await open().check('material');
      await live(open());
    } finally {
      process.umask(before);
    }
    for (const { path, mode, isFolder } of await everythingIn(join(folder, 'store'))) {
      expect(`${path} ${mode.toString(8)}`).toBe(`${path} ${isFolder ? '700' : '600'}`);
    }
  });

  it('lie where people and scripts find them, and no temporary ones stay', async () => {
    const { folder, open } = await aFolder();
    await live(open());
    const store = join(folder, 'store');
    const files = (await everythingIn(store)).filter(({ isFolder }) => !isFolder);
    const whole = ['key.pem.age', 'meta.json', 'passphrase.txt.age', 'public.pem'];
    expect(files.map(({ path }) => path.slice(`${store}/${KEY}/`.length)).sort()).toEqual(
      [
        'evidence/000001.json',
        'gen/000001/api-key.txt',
        'gen/000001/meta.json',
        'gen/000001/public.pem',
        'gen/000002/api-key.txt',
        ...whole.map((name) => `gen/000002/${name}`),
        ...whole.map((name) => `gen/000003/${name}`),
        'promotions/000001.json',
        'promotions/000002.json',
        'record/00000001.json',
      ].sort(),
    );
  });

  it('hold no private half in clear', async () => {
    const { folder, open } = await aFolder();
    const store = open();
    const pair = await aPair();
    await store.putMaterial(KEY, 1, pair);
    for (const { path, isFolder } of await everythingIn(join(folder, 'store'))) {
      const content = isFolder ? '' : await readFile(path, 'latin1');
      expect(`${path} ${content.includes('PRIVATE KEY')}`).toBe(`${path} false`);
      expect(`${path} ${content.includes(pair.passphrase?.revealText() ?? '')}`).toBe(`${path} false`);
    }
  });

  it('that a stopped worker left half written are invisible', async () => {
    const { inside, open, read } = await aFolder();
    const store = open();
    await live(store);
    for (const folder of ['record', 'gen', 'promotions', 'evidence', '.']) {
      await writeFile(inside(folder, '.tmp-4711-aaaa'), '{"half":');
    }
    await mkdir(inside('gen', '.tmp-4711-bbbb'));
    await writeFile(inside('gen', '.tmp-4711-bbbb', 'key.pem.age'), 'age-encryp');
    expect(await read().listGenerations(KEY)).toEqual([1, 2, 3]);
    expect(await read().readRecord(KEY)).toEqual({ text: 'the record', revision: 1 });
    expect(await read().statCurrent(KEY)).toBe(2);
    expect(await store.writeRecord(KEY, 'next', 1)).toBe(2);
    expect(await store.promote(KEY, promotion(2, 3))).toBe('moved');
  });

  it('of a generation that was half destroyed are destroyed by the next run', async () => {
    const { inside, open } = await aFolder();
    const store = open();
    await store.putMaterial(KEY, 1, await aPair());
    const meta = JSON.parse(await readFile(inside('gen/000001/meta.json'), 'utf8'));
    await writeFile(inside('gen/000001/meta.json'), JSON.stringify({ ...meta, state: 'retired' }));
    expect((await store.statMaterial(KEY, 1)).state).toBe('retired');
    await expect(store.readMaterial(KEY, 1)).rejects.toMatchObject({ code: 'gone' });
    await unlink(inside('gen/000001/key.pem.age'));
    expect(await store.retireMaterial(KEY, 1)).toBe('erased');
    expect(await readdir(inside('gen/000001'))).toEqual(['meta.json', 'public.pem']);
    expect(await store.retireMaterial(KEY, 1)).toBe('already');
  });
});

describe('the link `current`', () => {
  it('names the folder consumers read', async () => {
    const { inside, open } = await aFolder();
    const store = open();
    await live(store);
    expect(await readlink(inside('current'))).toBe('gen/000002');
    const { publicKey } = await store.readMaterial(KEY, 2);
    expect(await readByConsumer(inside('current'))).toEqual([publicKey, 'key-id-2']);
  });

  const DAMAGES: Record<string, (path: string) => Promise<void>> = {
    'is missing': (path) => unlink(path),
    'shows an older generation': async (path) => {
      await unlink(path);
      await symlink('gen/000001', path);
    },
    'shows nothing at all': async (path) => {
      await unlink(path);
      await symlink('gen/000042', path);
    },
  };
  for (const [title, damage] of Object.entries(DAMAGES)) {
    it(`is repaired by the next promotion when it ${title}`, async () => {
      const { inside, open } = await aFolder();
      await live(open());
      await damage(inside('current'));
      expect(await open().statCurrent(KEY)).toBe(2);
      expect(await open().promote(KEY, promotion(1, 2))).toBe('already');
      expect(await readlink(inside('current'))).toBe('gen/000002');
    });
  }

  it('is never missing or broken while promotions run', async () => {
    const { inside, open } = await aFolder();
    const store = open();
    for (const generation of [1, 2]) await store.putMaterial(KEY, generation, await aPair());
    await store.promote(KEY, promotion(null, 1));
    await store.promote(KEY, promotion(1, 2));
    let running = true;
    const promote = async () => {
      for (let round = 0; round < 20; round += 1) {
        await store.promote(KEY, promotion(2, 1));
        await store.promote(KEY, promotion(1, 2));
      }
      running = false;
    };
    const consume = async () => {
      while (running) expect((await readByConsumer(inside(await readlink(inside('current'))))).length).toBe(2);
    };
    await Promise.all([promote(), consume(), consume()]);
  });
});

describe('revisions of the directory store', () => {
  it('older than the ten newest are removed, and their numbers are not taken again', async () => {
    const { inside, open } = await aFolder();
    const store = open();
    await store.writeRecord(KEY, '1', 'absent');
    for (let revision = 1; revision < 14; revision += 1) await store.writeRecord(KEY, `${revision + 1}`, revision);
    expect(await readdir(inside('record'))).toHaveLength(10);
    for (const expected of ['absent', 1, 2, 13] as const) {
      await expect(store.writeRecord(KEY, 'late', expected)).rejects.toMatchObject({ code: 'conflict' });
    }
    expect(await store.readRecord(KEY)).toEqual({ text: '14', revision: 14 });
    expect(await readdir(inside('record'))).toHaveLength(10);
  });

  it('that a late writer took before it was stopped change nothing', async () => {
    const { inside, open, read } = await aFolder();
    const store = open();
    await store.writeRecord(KEY, '1', 'absent');
    for (let revision = 1; revision < 14; revision += 1) await store.writeRecord(KEY, `${revision + 1}`, revision);
    await writeFile(inside('record', '00000002.json'), 'late');
    expect(await read().readRecord(KEY)).toEqual({ text: '14', revision: 14 });
    expect(await store.writeRecord(KEY, '15', 14)).toBe(15);
    expect(await readdir(inside('record'))).not.toContain('00000002.json');
  });

  it('are given to one writer each, however many there are', async () => {
    const { open } = await aFolder();
    const won: number[] = [];
    const worker = async () => {
      const store = open();
      for (let round = 0; round < 15; round += 1) {
        const newest = await store.readRecord(KEY);
        const outcome = await store
          .writeRecord(KEY, 'mine', newest?.revision ?? 'absent')
          .catch((error: unknown) => error);
        if (typeof outcome === 'number') won.push(outcome);
        else expect(outcome).toMatchObject({ code: 'conflict' });
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    const newest = (await open().readRecord(KEY))?.revision ?? 0;
    expect(won.toSorted((a, b) => a - b)).toEqual(Array.from({ length: newest }, (_, index) => index + 1));
  });
});

describe('what does not belong into the store', () => {
  it('is passed over', async () => {
    const { folder, inside, open, read } = await aFolder();
    await live(open());
    const store = join(folder, 'store');
    for (const path of ['README', 'notes', '.hidden', 'binance-main/notes', 'binance-main/.DS_Store'])
      await writeFile(join(store, path), '');
    for (const path of ['lost+found', 'empty', 'binance-main/empty']) await mkdir(join(store, path));
    await symlink('nowhere', join(store, 'broken'));
    await symlink('nowhere', join(store, 'binance-main', 'broken'));
    await writeFile(inside('record', '00000009.json.bak'), '');
    await writeFile(inside('promotions', 'notes.txt'), '');
    await mkdir(inside('gen', '000009.old'));
    expect(await read().listKeys()).toEqual([KEY]);
    expect(await read().listGenerations(KEY)).toEqual([1, 2, 3]);
    expect(await read().statCurrent(KEY)).toBe(2);
    expect(await read().readRecord(KEY)).toEqual({ text: 'the record', revision: 1 });
  });

  const DAMAGES: Record<
    string,
    { path: string; damage: (path: string) => Promise<unknown>; look: (store: Store) => Promise<unknown> }
  > = {
    'a generation without its meta.json': {
      path: 'gen/000002/meta.json',
      damage: unlink,
      look: (store) => store.statMaterial(KEY, 2),
    },
    'a meta.json that is cut off': {
      path: 'gen/000002/meta.json',
      damage: (path) => writeFile(path, '{"generation":2,'),
      look: (store) => store.statMaterial(KEY, 2),
    },
    'an empty folder in the place of a generation': {
      path: 'gen/000004',
      damage: (path) => mkdir(path),
      look: async (store) => store.putMaterial(KEY, 4, await aPair()),
    },
    'a live generation without its private half': {
      path: 'gen/000002',
      damage: (path) => unlink(join(path, 'key.pem.age')),
      look: (store) => store.readMaterial(KEY, 2),
    },
    'a private half that is cut off': {
      path: 'gen/000002/key.pem.age',
      damage: async (path) => writeFile(path, (await readFile(path)).subarray(0, -1)),
      look: (store) => store.readMaterial(KEY, 2),
    },
    'another public key': {
      path: 'gen/000002/public.pem',
      damage: async (path) => writeFile(path, (await aPair()).publicKey),
      look: (store) => store.readMaterial(KEY, 2),
    },
    'a folder in the place of a revision': {
      path: 'record/00000002.json',
      damage: (path) => mkdir(path),
      look: (store) => store.readRecord(KEY),
    },
    'a link to nowhere in the place of a revision': {
      path: 'record/00000002.json',
      damage: (path) => symlink('nowhere', path),
      look: (store) => store.readRecord(KEY),
    },
    'a promotion that is no promotion': {
      path: 'promotions/000003.json',
      damage: (path) => writeFile(path, 'three'),
      look: (store) => store.statCurrent(KEY),
    },
    'a folder in the place of the link `current`': {
      path: 'current',
      damage: async (path) => {
        await unlink(path);
        await mkdir(path);
      },
      look: (store) => store.promote(KEY, promotion(1, 2)),
    },
  };
  for (const [title, { path, damage, look }] of Object.entries(DAMAGES)) {
    it(`is corrupt, with its path: ${title}`, async () => {
      const { inside, open } = await aFolder();
      await live(open());
      await damage(inside(path));
      await expect(look(open())).rejects.toMatchObject({
        code: 'corrupt',
        message: expect.stringContaining(inside(path)),
        hint: expect.stringMatching(/restore|move/),
      });
      expect((await readdir(inside())).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
    });
  }

  for (const key of ['../outside/key', 'a/../b', 'account', '/etc/passwd', 'a/b/c', 'A/b', 'a/b..c', '', 'a/']) {
    it(`is refused as a key id: “${key}”`, async () => {
      const { folder, open } = await aFolder();
      await expect(open().writeRecord(key, 'text', 'absent')).rejects.toMatchObject({ code: 'invalid' });
      expect(await readdir(folder)).not.toContain('store');
    });
  }
});

describe('planning', () => {
  it('finds nothing, and makes nothing, where there is no store', async () => {
    const { folder, read } = await aFolder();
    const reader = read();
    expect(await reader.listKeys()).toEqual([]);
    expect(await reader.readRecord(KEY)).toBeNull();
    expect(await reader.listGenerations(KEY)).toEqual([]);
    expect(await reader.statMaterial(KEY, 1)).toEqual({ state: 'absent' });
    expect(await reader.statCurrent(KEY)).toBeNull();
    expect(await reader.readEvidence(KEY, 1)).toBeNull();
    expect(await readdir(folder)).not.toContain('store');
  });

  it('reads a read-only store without identity and leaves no trace', async () => {
    const { folder, open, read } = await aFolder();
    await live(open());
    for (const name of ['identity.txt', 'recovery.txt', 'recipients.txt']) await rm(join(folder, name));
    const store = join(folder, 'store');
    const before = await everythingIn(store);
    for (const { path, isFolder } of before) await chmod(path, isFolder ? 0o555 : 0o444);
    const reader = read();
    expect(await reader.listKeys()).toEqual([KEY]);
    expect(await reader.readRecord(KEY)).toEqual({ text: 'the record', revision: 1 });
    expect(await reader.listGenerations(KEY)).toEqual([1, 2, 3]);
    expect(await reader.statMaterial(KEY, 1)).toMatchObject({ state: 'retired' });
    expect(await reader.statMaterial(KEY, 3)).toMatchObject({ state: 'live' });
    expect(await reader.statCurrent(KEY)).toBe(2);
    expect(await reader.readEvidence(KEY, 1)).toBe('seen dead\n');
    const after = await everythingIn(store);
    expect(after.map(({ path, changed }) => [path, changed])).toEqual(
      before.map(({ path, changed }) => [path, changed]),
    );
    for (const { path } of after) await chmod(path, 0o700);
  });
});

describe('a store whose folder vanishes after it was opened', () => {
  const writes: Record<string, (store: Store) => Promise<unknown>> = {
    'a record': (store) => store.writeRecord(KEY, 'the record', 'absent'),
    'a pair': async (store) => store.putMaterial(KEY, 1, await aPair()),
    evidence: (store) => store.putEvidence(KEY, 1, 'seen dead'),
    'a passphrase': async (store) => store.passphrases.put(KEY, 1, new Secret('passphrase')),
  };
  it.each(Object.entries(writes))('takes %s nowhere else', async (_, write) => {
    const { folder, open } = await aFolder();
    const store = open();
    await store.check('material');
    await rm(join(folder, 'store'), { recursive: true });
    await expect(write(store)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/store.* has vanished in the middle of the run/),
      hint: expect.stringMatching(/bring it back/),
    });
    expect(await readdir(folder)).not.toContain('store');
  });
});

describe('access to the store', () => {
  const MODES: Record<string, { mode: number; permissions: 'private' | 'group'; refused: boolean }> = {
    'nobody else': { mode: 0o700, permissions: 'private', refused: false },
    'its group': { mode: 0o750, permissions: 'private', refused: true },
    'its group, as a Kubernetes volume has it, with permissions: group': {
      mode: 0o2770,
      permissions: 'group',
      refused: false,
    },
    'everybody, with permissions: group': { mode: 0o775, permissions: 'group', refused: true },
    everybody: { mode: 0o755, permissions: 'private', refused: true },
  };
  for (const [title, { mode, permissions, refused }] of Object.entries(MODES)) {
    it(`is ${refused ? 'refused' : 'given'} where it is open to ${title}`, async () => {
      const { folder, open } = await aFolder();
      const path = join(folder, 'store');
      await mkdir(path);
      await chmod(path, mode);
      const check = open({ permissions }).check('material');
      if (!refused) return expect(check).resolves.toBeUndefined();
      await expect(check).rejects.toMatchObject({
        code: 'denied',
        message: expect.stringContaining(path),
        hint: expect.stringContaining(`chmod 700 ${path}`),
      });
    });
  }

  it('is never seen open to others by workers who all make it at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { open } = await aFolder();
      await Promise.all(Array.from({ length: 8 }, () => open().check('material')));
    }
  });

  const why = isRoot ? ' (skipped: nothing is denied to root)' : '';
  it.skipIf(isRoot)(`says so where its folders deny it${why}`, async () => {
    const { inside, open } = await aFolder();
    await live(open());
    await chmod(inside('record'), 0o500);
    await expect(open().writeRecord(KEY, 'next', 1)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining(inside('record')),
    });
    await chmod(inside('record'), 0o000);
    await expect(open().readRecord(KEY)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining(inside('record')),
    });
    await chmod(inside('record'), 0o700);
  });
});
