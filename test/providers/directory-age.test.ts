import { spawnSync } from 'node:child_process';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeKeys } from '../../providers/keys.ts';
import { createEmbeddedIdentities } from '../../providers/stores/directory.ts';
import type { Store } from '../../src/ports/store.ts';
import { aPair, isSame } from '../contract/cases/material.ts';
import { describeWith, program } from '../programs/index.ts';
import { type Changes, everythingIn, folders, KEY } from './directory-folder.ts';

const aFolder = folders();

/** Standard output of a real program; its failure fails the test without printing what it was given. */
function run(
  command: string,
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    input,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ended with ${status}: ${stderr}`);
}

describeWith(['age', 'age-keygen', 'openssl'], 'the commands age and openssl', () => {
  for (const identity of ['identity.txt', 'recovery.txt']) {
    it(`open key and passphrase with ${identity}, without keyturn`, async () => {
      const { folder, inside, open } = await aFolder();
      const pair = await nodeKeys().generate('rsa-2048', true);
      await open().putMaterial(KEY, 1, pair);
      const decrypt = (name: string) =>
        run(program('age'), ['-d', '-i', join(folder, identity), inside('gen/000001', name)]);
      const pem = decrypt('key.pem.age');
      const passphrase = decrypt('passphrase.txt.age');
      expect(pem === pair.privateKey.revealText()).toBe(true);
      expect(passphrase === pair.passphrase?.revealText()).toBe(true);
      const publicKey = run(program('openssl'), ['pkey', '-pubout', '-passin', 'env:PASSPHRASE'], {
        input: pem,
        env: { PASSPHRASE: passphrase },
      });
      expect(publicKey).toBe(await readFile(inside('gen/000001/public.pem'), 'utf8'));
      expect(() =>
        run(program('openssl'), ['pkey', '-noout', '-passin', 'env:PASSPHRASE'], {
          input: pem,
          env: { PASSPHRASE: 'wrong' },
        }),
      ).toThrow();
    });
  }

  it('take the identities for their own', async () => {
    const { folder } = await aFolder();
    const recipients = ['identity.txt', 'recovery.txt'].map((name) =>
      run(program('age-keygen'), ['-y', join(folder, name)]).trim(),
    );
    const listed = await readFile(join(folder, 'recipients.txt'), 'utf8');
    expect(listed.split('\n').filter((line) => line.startsWith('age1'))).toEqual(recipients);
  });

  it('make files and identities the store opens', async () => {
    const { folder, inside, open } = await aFolder();
    const pair = await aPair();
    await open().putMaterial(KEY, 1, pair);
    const own = join(folder, 'own.txt');
    run(program('age-keygen'), ['-o', own]);
    await chmod(own, 0o600);
    const input = pair.privateKey.revealText();
    for (const [name, text] of [
      ['key.pem.age', input],
      ['passphrase.txt.age', pair.passphrase?.revealText() ?? ''],
    ] as const) {
      run(program('age'), ['-r', run(program('age-keygen'), ['-y', own]).trim(), '-o', inside('gen/000001', name)], {
        input: text,
      });
    }
    expect(isSame(await open({ identity: { file: 'own.txt' } }).readMaterial(KEY, 1), pair)).toBe(true);
  });
});

describe('identities of the embedded store', () => {
  it('are for their owner alone', async () => {
    const { folder } = await aFolder();
    const modes = (await everythingIn(folder)).map(
      ({ path, mode }) => `${path.slice(folder.length + 1)} ${mode.toString(8)}`,
    );
    expect(modes.sort()).toEqual(['identity.txt 600', 'recipients.txt 600', 'recovery.txt 600']);
  });

  it('are made once', async () => {
    const { folder } = await aFolder();
    const read = () =>
      Promise.all(
        ['identity.txt', 'recovery.txt', 'recipients.txt'].map((name) => readFile(join(folder, name), 'utf8')),
      );
    const before = (await read()).join('');
    expect((await createEmbeddedIdentities(folder)).created).toEqual([]);
    expect((await read()).join('') === before).toBe(true);
  });

  it('are completed after a stop in between', async () => {
    const { folder, open } = await aFolder();
    await rm(join(folder, 'recipients.txt'));
    await rm(join(folder, 'recovery.txt'));
    const { created, existing } = await createEmbeddedIdentities(folder);
    expect(created).toEqual([join(folder, 'recovery.txt'), join(folder, 'recipients.txt')]);
    expect(existing).toEqual([join(folder, 'identity.txt')]);
    const pair = await aPair();
    await open().putMaterial(KEY, 1, pair);
    expect(isSame(await open().readMaterial(KEY, 1), pair)).toBe(true);
  });

  it('are not invented beside a file that holds none', async () => {
    const { folder } = await aFolder();
    await rm(join(folder, 'recipients.txt'));
    await writeFile(join(folder, 'identity.txt'), '# nothing\n');
    await expect(createEmbeddedIdentities(folder)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(join(folder, 'identity.txt')),
      hint: expect.stringContaining('AGE-SECRET-KEY-1'),
    });
    expect((await everythingIn(folder)).map(({ path }) => path)).not.toContain(join(folder, 'recipients.txt'));
  });

  it('leave the recovery identity where it was moved to', async () => {
    const { folder } = await aFolder();
    await rename(join(folder, 'recovery.txt'), join(folder, 'moved-away.txt'));
    expect((await createEmbeddedIdentities(folder)).created).toEqual([]);
  });

  it('may come from the environment', async () => {
    const { folder, open } = await aFolder();
    const recipients = (await readFile(join(folder, 'recipients.txt'), 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('age1'));
    const store = open({ identity: { env: 'KEYTURN_TEST_IDENTITY' }, recipients });
    const pair = await aPair();
    await store.putMaterial(KEY, 1, pair);
    await expect(store.readMaterial(KEY, 1)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('KEYTURN_TEST_IDENTITY'),
    });
    process.env.KEYTURN_TEST_IDENTITY = await readFile(join(folder, 'identity.txt'), 'utf8');
    try {
      expect(isSame(await store.readMaterial(KEY, 1), pair)).toBe(true);
    } finally {
      delete process.env.KEYTURN_TEST_IDENTITY;
    }
  });
});

interface Mistake {
  make(folder: string): Promise<unknown>;
  changes?: Changes;
  code: string;
  message: RegExp;
  hint: RegExp;
}

async function withTheFirstRecipientOnly(path: string, copies: number): Promise<void> {
  const first = (await readFile(path, 'utf8')).split('\n').find((line) => line.startsWith('age1'));
  await writeFile(path, `${first}\n`.repeat(copies));
}

const readBack = (store: Store) => store.readMaterial(KEY, 1);

const IDENTITY_MISTAKES: Record<string, Mistake> = {
  'others may read the identity': {
    make: (folder) => chmod(join(folder, 'identity.txt'), 0o644),
    code: 'denied',
    message: /identity\.txt .*0644/,
    hint: /chmod 600 .*identity\.txt/,
  },
  'there is no identity': {
    make: (folder) => rm(join(folder, 'identity.txt')),
    code: 'invalid',
    message: /identity\.txt does not exist/,
    hint: /keyturn init/,
  },
  'the identity file is empty': {
    make: (folder) => writeFile(join(folder, 'identity.txt'), '# nothing\n'),
    code: 'invalid',
    message: /identity\.txt holds no age identity/,
    hint: /AGE-SECRET-KEY-1/,
  },
  'the identity is cut off': {
    make: async (folder) =>
      writeFile(join(folder, 'identity.txt'), (await readFile(join(folder, 'identity.txt'), 'utf8')).slice(0, -9)),
    code: 'invalid',
    message: /identity\.txt holds an age identity that is damaged/,
    hint: /copy/,
  },
  'the identity is another one': {
    make: async (folder) => {
      await createEmbeddedIdentities(join(folder, 'elsewhere'));
      await rename(join(folder, 'elsewhere', 'identity.txt'), join(folder, 'identity.txt'));
    },
    code: 'corrupt',
    message: /key\.pem\.age does not open with .*identity\.txt/,
    hint: /identity/,
  },
};

const RECIPIENT_MISTAKES: Record<string, Mistake> = {
  'there are no recipients': {
    make: (folder) => rm(join(folder, 'recipients.txt')),
    code: 'invalid',
    message: /recipients\.txt/,
    hint: /keyturn init/,
  },
  'there is one recipient only': {
    make: (folder) => withTheFirstRecipientOnly(join(folder, 'recipients.txt'), 1),
    code: 'invalid',
    message: /recipients\.txt.*fewer than two/,
    hint: /keyturn init/,
  },
  'both recipients are the same': {
    make: (folder) => withTheFirstRecipientOnly(join(folder, 'recipients.txt'), 2),
    code: 'invalid',
    message: /recipients\.txt.*fewer than two/,
    hint: /keyturn init/,
  },
  'a recipient is not one': {
    make: (folder) => writeFile(join(folder, 'recipients.txt'), 'ssh-ed25519 AAAA\nage1short\n'),
    code: 'invalid',
    message: /recipients\.txt.*ssh-ed25519/,
    hint: /age1/,
  },
  'a recipient has a letter wrong': {
    make: async (folder) => {
      const path = join(folder, 'recipients.txt');
      await writeFile(
        path,
        (await readFile(path, 'utf8')).replace(/(.)\n$/, (_, last: string) => `${last === 'q' ? 'p' : 'q'}\n`),
      );
    },
    code: 'invalid',
    message: /recipients\.txt/,
    hint: /age1/,
  },
  'recipients are needed but not listed': {
    make: async () => {},
    changes: { identity: { env: 'KEYTURN_TEST_IDENTITY' } },
    code: 'invalid',
    message: /recipients are not listed/,
    hint: /keyturn\.yaml/,
  },
};

describe('says what is wrong and what to do when', () => {
  const expectMistake = async (answer: Promise<unknown>, { code, message, hint }: Mistake) =>
    expect(answer).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });

  for (const [title, mistake] of Object.entries(IDENTITY_MISTAKES)) {
    it(title, async () => {
      const { folder, open } = await aFolder();
      await open().putMaterial(KEY, 1, await aPair());
      await mistake.make(folder);
      await expectMistake(readBack(open(mistake.changes)), mistake);
    });
  }

  for (const [title, mistake] of Object.entries(RECIPIENT_MISTAKES)) {
    it(`${title}, before anything is stored`, async () => {
      const { folder, open } = await aFolder();
      await mistake.make(folder);
      const store = open(mistake.changes);
      await expectMistake(store.check('material'), mistake);
      await expectMistake(store.putMaterial(KEY, 1, await aPair()), mistake);
      expect(await store.listGenerations(KEY)).toEqual([]);
    });
  }

  it('an error never shows the identity', async () => {
    const { folder, open } = await aFolder();
    await open().putMaterial(KEY, 1, await aPair());
    const identity = (await readFile(join(folder, 'identity.txt'), 'utf8')).match(/AGE-SECRET-KEY-1\w+/)?.[0] ?? '';
    await writeFile(join(folder, 'identity.txt'), identity.slice(0, -4));
    const error = await readBack(open()).catch((thrown: unknown) => thrown);
    const printed = `${JSON.stringify(error)}${error instanceof Error ? `${error.message}${error.stack}${String(error.cause)}` : ''}`;
    expect(printed.toUpperCase().includes(identity.slice(16, 40))).toBe(false);
  });
});
