import { chmod, mkdir, readdir, readFile, readlink, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { aPair } from '../contract/cases/material.ts';
import { folders, KEY } from './directory-folder.ts';

const aFolder = folders();
type Folder = Awaited<ReturnType<typeof aFolder>>;

/** A folder as it should be: generation 1 destroyed, 2 current, the recovery identity moved away. */
async function aSoundStore(): Promise<Folder> {
  const given = await aFolder();
  const store = given.open();
  await rm(join(given.folder, 'recovery.txt'));
  for (const generation of [1, 2]) await store.putMaterial(KEY, generation, await aPair());
  await store.promote(KEY, { from: null, to: 1, apiKey: 'key-id-1' });
  await store.promote(KEY, { from: 1, to: 2, apiKey: 'key-id-2' });
  await store.retireMaterial(KEY, 1);
  await store.writeRecord(KEY, 'the record', 'absent');
  return given;
}

const codesIn = async ({ read }: Folder) => (await read().examine()).map(({ code }) => code);

const longAgo = new Date(Date.now() - 2 * 3_600_000);
async function leaveBehind(path: string, since: Date = longAgo): Promise<void> {
  await writeFile(path, '{"half":');
  await utimes(path, since, since);
}

describe('a look at the directory store', () => {
  it('finds nothing where all is well', async () => expect(await codesIn(await aSoundStore())).toEqual([]));

  it('finds nothing wrong with a folder that is not there yet', async () => {
    const given = await aFolder();
    await rm(join(given.folder, 'recovery.txt'));
    expect(await codesIn(given)).toEqual([]);
    expect(await readdir(given.folder)).not.toContain('store');
  });

  const DAMAGES: Record<string, [code: string, damage: (given: Folder) => Promise<unknown>]> = {
    'an identity that is not there': ['identity-missing', ({ folder }) => rm(join(folder, 'identity.txt'))],
    'an identity that others may read': ['identity-open', ({ folder }) => chmod(join(folder, 'identity.txt'), 0o644)],
    'an identity that is none of the recipients': [
      'identity-foreign',
      async ({ folder }) => writeFile(join(folder, 'identity.txt'), `${await generateX25519Identity()}\n`),
    ],
    'a recovery identity that still lies beside': [
      'recovery-beside',
      ({ folder }) => writeFile(join(folder, 'recovery.txt'), ''),
    ],
    'one recipient only': [
      'recipients-unfit',
      async ({ folder }) => {
        const [first, second] = (await readFile(join(folder, 'recipients.txt'), 'utf8')).split('\n');
        await writeFile(join(folder, 'recipients.txt'), `${first}\n${second}\n`);
      },
    ],
    'a folder open to others': ['folder-open', ({ folder }) => chmod(join(folder, 'store'), 0o755)],
    'files a stopped run left hours ago': ['left-over-files', ({ inside }) => leaveBehind(inside('record/.tmp-1-a'))],
    'private files of a generation marked as erased': [
      'half-erased',
      ({ inside }) => writeFile(inside('gen/000001/key.pem.age'), 'age'),
    ],
    'a link that shows an older generation': [
      'current-link',
      async ({ inside }) => {
        await unlink(inside('current'));
        await symlink('gen/000001', inside('current'));
      },
    ],
    'a file that cannot be read': [
      'store-file-corrupt',
      ({ inside }) => writeFile(inside('gen/000001/meta.json'), '{"half":'),
    ],
  };
  it('is refused where something else stands in the place of the folder', async () => {
    const { folder, read } = await aFolder();
    await writeFile(join(folder, 'store'), '');
    await expect(read().examine()).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/store is not/),
    });
  });

  it.each(Object.entries(DAMAGES))('finds %s', async (_name, [code, damage]) => {
    const given = await aSoundStore();
    await damage(given);
    const found = await given.read().examine();
    expect(found.map((each) => each.code)).toEqual([code]);
    for (const { message, hint } of found) expect(`${message}; ${hint}`).not.toMatch(/AGE-SECRET-KEY/);
  });
});

it('what a stop left of a passphrase is found in a store that has nothing else of the key', async () => {
  const given = await aSoundStore();
  const passphrases = join(given.folder, 'store/desk/apart/passphrases');
  await mkdir(passphrases, { recursive: true });
  await leaveBehind(join(passphrases, '.tmp-1-a'));
  expect(await given.read().examine()).toMatchObject([{ code: 'left-over-files', key: 'desk/apart' }]);
});

describe('tidying the directory store', () => {
  it('mends what stops left behind, says so, and has nothing to do afterwards', async () => {
    const given = await aSoundStore();
    const { inside, open } = given;
    await leaveBehind(inside('record/.tmp-1-a'));
    await mkdir(inside('gen/.tmp-1-b'));
    await leaveBehind(inside('gen/.tmp-1-b/key.pem.age'));
    await utimes(inside('gen/.tmp-1-b'), longAgo, longAgo);
    await leaveBehind(inside('gen/000001/.tmp-1-c'));
    await mkdir(inside('passphrases'));
    await leaveBehind(inside('passphrases/.tmp-1-d'));
    await writeFile(inside('gen/000001/key.pem.age'), 'age');
    await unlink(inside('current'));
    expect(await open().tidy(KEY)).toHaveLength(6);
    expect(await readdir(inside('passphrases'))).toEqual([]);
    expect(await readlink(inside('current'))).toBe('gen/000002');
    expect(await readdir(inside('gen'))).toEqual(['000001', '000002']);
    expect(await readdir(inside('gen/000001'))).toEqual(expect.not.arrayContaining(['key.pem.age', '.tmp-1-c']));
    expect(await codesIn(given)).toEqual([]);
    expect(await open().tidy(KEY)).toEqual([]);
  });

  it('touches neither what is being written, nor what consumers read, nor what it does not know', async () => {
    const { inside, open } = await aSoundStore();
    await leaveBehind(inside('record/.tmp-1-a'), new Date());
    await leaveBehind(inside('record/notes.txt'));
    await leaveBehind(inside('gen/000001/README'));
    const meta = JSON.parse(await readFile(inside('gen/000002/meta.json'), 'utf8'));
    await writeFile(inside('gen/000002/meta.json'), JSON.stringify({ ...meta, state: 'retired' }));
    expect(await open().tidy(KEY)).toEqual([]);
    expect(await readdir(inside('record'))).toEqual(['.tmp-1-a', '00000001.json', 'notes.txt']);
    expect(await readdir(inside('gen/000002'))).toContain('key.pem.age');
  });
});
