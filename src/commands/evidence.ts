import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { type EvidenceChain, evidenceChain } from '../core/evidence-chain.ts';
import type { KeyId } from '../core/policy.ts';
import { type EvidenceEntry, type KeyRecord, maskApiKey } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { StoreReader } from '../ports/store.ts';
import { readRecord } from '../records.ts';
import { readSecretReference } from '../secret-reference.ts';
import { named } from '../uncovered.ts';
import { keyNamed, openWorkspace, type Workspace, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, printJson } from './io.ts';

export interface EvidenceOptions extends WorkspaceOptions {
  key: string;
  output: 'text' | 'json' | 'markdown';
  signingKey?: string | undefined;
}

/** The chain for auditors, verified. Ends with 1 where it does not hold. */
export async function evidence(options: EvidenceOptions, io: CommandIo): Promise<ExitStatus> {
  const workspace = await openWorkspace(options);
  const { reader, record } = await recordOf(workspace, options.key);
  if (record === null) throw new KeyturnError('not-found', `there is nothing about ${options.key} yet`);
  const chain = evidenceChain(record, await documentsOf(reader, record));
  const signature = options.signingKey === undefined ? null : await signHead(chain.head, options.signingKey);
  if (options.output === 'json') printJson(io, { ...masked(chain), intact: chain.breaks.length === 0, signature });
  else io.stdout.write(evidenceMarkdown(chain, signature));
  return chain.breaks.length === 0 ? EXIT.OK : EXIT.FAILED;
}

/** Auditors also ask about keys that left their policy. */
async function recordOf(workspace: Workspace, id: KeyId): Promise<{ reader: StoreReader; record: KeyRecord | null }> {
  const { sources } = workspace.ports;
  const { records, keys } = await named(workspace, id);
  const [left] = records;
  if (left) return { reader: await sources.reader(left.store), record: left.record };
  const key = keyNamed(keys, id);
  const reader = await sources.reader(key.store);
  return { reader, record: await readRecord(reader, key.storedAs) };
}

async function documentsOf(reader: StoreReader, { key, last, generations }: KeyRecord): Promise<Map<number, string>> {
  const live = new Set(generations.map(({ generation }) => generation));
  const documents = new Map<number, string>();
  for (let generation = 1; generation <= last; generation++) {
    if (live.has(generation)) continue;
    const text = await reader.readEvidence(key, generation);
    if (text !== null) documents.set(generation, text);
  }
  return documents;
}

interface Signature {
  /** What was signed: these characters, without a line break. */
  signed: string;
  algorithm: 'Ed25519';
  /** Base64. */
  value: string;
  /** SPKI PEM. */
  publicKey: string;
}

async function signHead(head: string, file: string): Promise<Signature> {
  const pem = await readSecretReference({ file }, '.');
  const privateKey = openSigningKey(pem.reveal(), file);
  return {
    signed: head,
    algorithm: 'Ed25519',
    value: sign(null, Buffer.from(head), privateKey).toString('base64'),
    publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
  };
}

function openSigningKey(pem: Buffer, file: string) {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Told below, without what OpenSSL says of the text.
  }
  throw new KeyturnError('invalid', `${file} is not an unencrypted Ed25519 private key in PEM`, {
    hint: 'make one with openssl genpkey -algorithm ed25519, or keyturn keygen --type ed25519 --no-passphrase',
  });
}

/** Key ids as everywhere outside the cards that need them. */
const masked = (chain: EvidenceChain): EvidenceChain => ({
  ...chain,
  generations: chain.generations.map((each) => ({ ...each, apiKey: each.apiKey && maskApiKey(each.apiKey) })),
});

function evidenceMarkdown(chain: EvidenceChain, signature: Signature | null): string {
  const { key, head, generations, breaks } = masked(chain);
  const verdict =
    breaks.length === 0
      ? 'The chain holds: nothing in it was changed, removed or put in another place.'
      : ['**The chain is broken:**', '', ...breaks.map(({ message }) => `- ${message}`)].join('\n');
  const sections = generations.map((each) =>
    [
      `## Generation ${each.generation}, ${each.state}`,
      '',
      `- fingerprint: ${each.fingerprint ?? 'none: adopted without its private half'}`,
      `- key id: ${each.apiKey ?? 'none'}`,
      ...(each.document ? [`- sealed document: SHA-256 ${each.document}`] : []),
      '',
      '| time | event | by | observed |',
      '| --- | --- | --- | --- |',
      ...each.entries.map((entry) => `| ${entry.at} | ${entry.event} | ${cell(entry.by)} | ${cell(observed(entry))} |`),
      '',
    ].join('\n'),
  );
  const signed =
    signature === null
      ? []
      : [`Signed (Ed25519): \`${signature.value}\`\n\n\`\`\`\n${signature.publicKey.trim()}\n\`\`\`\n`];
  return [`# Evidence of ${key}`, '', verdict, '', `Head: \`${head}\``, '', ...signed, ...sections].join('\n');
}

const observed = ({ detail }: EvidenceEntry): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : value}`)
    .join('; ');

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
