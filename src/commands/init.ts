import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Name } from '../core/policy-schema.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { policyJsonSchema } from '../json-schemas.ts';
import { optionText } from '../option-text.ts';
import { createEmbeddedIdentities } from '../wire.ts';
import type { CommandIo } from './io.ts';

export interface InitOptions {
  /** Account and venue of the first policy. */
  account: string;
  venue: string;
}

/** A first policy, a configuration, and the identities of the embedded store. What is there already is kept. */
export async function init({ account, venue }: InitOptions, io: CommandIo): Promise<ExitStatus> {
  // The account is the name of the file, too.
  optionText('account', account, Name);
  optionText('venue', venue, Name);
  const written = [
    await createFile(join('policies', `${account}.yaml`), firstPolicy(account, venue)),
    await createFile(join('policies', 'schema.json'), `${JSON.stringify(policyJsonSchema(), null, 2)}\n`),
    await createFile('keyturn.yaml', FIRST_CONFIGURATION),
  ];
  const { created, existing, lost } = await createEmbeddedIdentities('.keyturn');
  written.push(
    await createFile(join('.keyturn', '.gitignore'), '# Nothing in here belongs into version control.\n*\n'),
  );
  const lines = [
    ...written,
    ...created.map((file) => `created  ${file}`),
    ...existing.map((file) => `kept     ${file}`),
    ...lost.map((file) => `missing  ${file}`),
  ];
  io.stdout.write(`${lines.join('\n')}\n\n${lost.length > 0 ? IDENTITY_LOST : nextSteps(account, venue)}`);
  return lost.length > 0 ? EXIT.FAILED : EXIT.OK;
}

async function createFile(file: string, text: string): Promise<string> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
    return `created  ${file}`;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return `kept     ${file}`;
    throw new KeyturnError('denied', `${file} cannot be written (${code})`, {
      hint: 'run keyturn init in a folder you may write to',
      cause,
    });
  }
}

const firstPolicy = (account: string, venue: string): string => `# yaml-language-server: $schema=schema.json
# One file describes the keys of one account. keyturn policy check explains every mistake.
apiVersion: keyturn/v1
account: ${account}
venue: ${venue}${venue === 'sandbox' ? '        # the simulator that keyturn sandbox starts; binance for the exchange itself' : ''}
defaults:
  algorithm: rsa-2048
  ipAllowlist: [${venue === 'sandbox' ? '127.0.0.1' : '203.0.113.7'}] # the addresses your applications and keyturn itself send from
  schedule:
    lead: 5d           # a rotation starts this long before the key is due
    registerWithin: 3d # a person has this long to register the new key
    overlap: 24h       # both keys live, applications move over
    revokeWithin: 48h  # a person has this long to delete the old key
keys:
  - name: market-maker-spot
    application: market-maker
    purpose: spot-trading # spot-trading, futures-trading, tax-data, trading-data, or one of your own
    rotateEvery: 30d      # 30d to 90d
    owner: trading-desk
`;

const FIRST_CONFIGURATION = `# Names stores and venues for policies. Everything here is optional: without it, store local is a directory of
# age files under .keyturn/, and the venues are binance, bybit, deribit, bitget and sandbox (http://127.0.0.1:8787).
apiVersion: keyturn/v1
# stores:
#   local: { kind: directory, path: .keyturn/store, identity: { file: .keyturn/identity.txt } }
# venues:
#   rehearsal: { kind: binance, baseUrl: "http://127.0.0.1:8787", proof: { groups: 2, apart: 1m } }
`;

const IDENTITY_LOST = `No other identity is made: it would open nothing of what lies in the store. Bring .keyturn/identity.txt back from a backup,
or put the recovery identity in its place: cp recovery.txt .keyturn/identity.txt; chmod 600 .keyturn/identity.txt
`;

const nextSteps = (account: string, venue: string): string =>
  [
    'Move .keyturn/recovery.txt to a safe place off this machine: it opens every key if identity.txt is lost.',
    '',
    'What comes next:',
    `  edit policies/${account}.yaml, then keyturn policy check`,
    ...(venue === 'sandbox' ? ['  keyturn sandbox       in another terminal: the exchange simulator'] : []),
    '  keyturn plan          what would happen, and why',
    '  keyturn apply         does it, and asks people where it needs them',
    '',
  ].join('\n');
