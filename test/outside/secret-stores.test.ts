import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { vaultPolicy } from '../../providers/stores/vault.ts';
import { type Bao, startBao } from '../programs/bao.ts';
import { describeWith, program } from '../programs/index.ts';
import { REGION } from '../providers/aws-account.ts';
import { startMoto } from '../providers/moto.ts';
import { aDesk, type Desk } from './desk.ts';
import { type Answer, type Application, anApplication, type Command, PROGRAMS } from './page.ts';

/** What docs/consumers.md says of secret stores, on a real OpenBao and on moto, through a whole rotation. */

const AWS = {
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  AWS_ACCESS_KEY_ID: 'AKIAAPPLICATION',
  AWS_SECRET_ACCESS_KEY: 'not-checked',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

type Custody = (typeof CUSTODIES)[number];
const CUSTODIES = ['vault', 'aws', 'apart'] as const;
const DESKS = {
  vault: { account: 'desk', store: 'bao', passphrase: 'required', stores: ['bao'] },
  aws: { account: 'desk', store: 'aws', passphrase: 'required', stores: ['aws'] },
  apart: { account: 'apart', store: 'bao', passphrase: { store: 'aws' }, stores: ['bao', 'aws'] },
} as const;
const READERS: Record<Custody, Record<string, Command>> = {
  vault: { 'the bao command': ['sh', 'bao.sh'], 'Node by HTTP': ['node', 'vault.mjs'] },
  aws: { boto3: ['python', 'current_aws.py'], 'the SDK for JavaScript': ['node', 'aws.mjs'] },
  apart: { 'Node, key first, then passphrase': ['node', 'apart.mjs'] },
};
/** It waits until there is something to write. */
const AGENT: Command = ['sh', 'agent.sh'];

const PLACE = { mount: 'secret', prefix: 'keyturn' };

describeWith(['bao', 'moto_server', 'python', 'node clients'], 'applications of secret stores', () => {
  let bao: Bao;
  let moto: Awaited<ReturnType<typeof startMoto>>;
  let application: Application;
  let variables: Record<string, string>;
  let worker: string;

  beforeAll(async () => {
    [bao, moto, application] = await Promise.all([startBao(), startMoto(), anApplication(['bao', 'python'])]);
    await bao.writePolicy('worker', vaultPolicy('worker', PLACE));
    await bao.writePolicy('consumer', vaultPolicy('consumer', PLACE));
    worker = await bao.tokenFor('worker');
    const role = 'auth/approle/role/desk';
    await bao.api('POST', 'sys/auth/approle', { type: 'approle' });
    await bao.api('POST', role, { token_policies: ['consumer'] });
    const { data: id } = (await bao.api('GET', `${role}/role-id`)) as { data: { role_id: string } };
    const { data: secret } = (await bao.api('POST', `${role}/secret-id`, {})) as { data: { secret_id: string } };
    await writeFile(join(application.folder, 'role-id'), id.role_id);
    await writeFile(join(application.folder, 'secret-id'), secret.secret_id);
    variables = {
      ...AWS,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: moto.url,
      HOME: application.folder,
      BAO_ADDR: bao.address,
      BAO_CACERT: bao.ca,
      NODE_EXTRA_CA_CERTS: bao.ca,
      BAO_TOKEN: await bao.tokenFor('consumer'),
    };
  });
  afterAll(() => Promise.all([application?.close(), moto?.close(), bao?.stop()]));

  function openDesk(custody: Custody): Promise<Desk> {
    const stores = {
      bao: { kind: 'vault', address: bao.address, ca: bao.ca, auth: { kind: 'token', token: { env: 'WORKER' } } },
      aws: { kind: 'aws-secrets-manager', region: REGION, endpoint: moto.url },
    };
    return aDesk('ed25519', {
      ...DESKS[custody],
      stores: Object.fromEntries(DESKS[custody].stores.map((name) => [name, stores[name]])),
      env: { ...AWS, WORKER: worker },
    });
  }

  describe.each(CUSTODIES)('%s', (custody) => {
    const readers = READERS[custody];
    const id = `${DESKS[custody].account}/spot`;
    let desk: Desk;
    let nothing: Record<string, Answer>;
    /** What each one saw, and what keyturn says is current, at every moment of a rotation. */
    const moments = new Map<string, { seen: Record<string, Answer>; current: object }>();

    const run = (command: Command) => application.run(command, { ...variables, KEY: id });
    const ask = async (commands: Record<string, Command>): Promise<Record<string, Answer>> =>
      Object.fromEntries(
        await Promise.all(Object.entries(commands).map(async ([name, command]) => [name, await run(command)])),
      );
    async function look(moment: string): Promise<void> {
      const { keys } = JSON.parse(await desk.run('status', '-o', 'json')) as {
        keys: { key: string; current: Current }[];
      };
      const { generation, fingerprint } = keys.find(({ key }) => key === id)?.current ?? {};
      const seen = await ask(custody === 'vault' ? { ...readers, 'the agent': AGENT } : readers);
      moments.set(moment, { seen, current: { generation, fingerprint } });
    }

    beforeAll(async () => {
      desk = await openDesk(custody);
      await desk.makesNext();
      nothing = await ask(readers);
      await desk.turnsOver();
      await look('before');
      await desk.run('rotate', id, '--reason', 'drill');
      await desk.makesNext();
      await look('while the next one is brought in');
      await desk.turnsOver();
      await look('after the promotion, during the overlap');
      await desk.deletesPrevious();
      await desk.proves();
      await look('after the proof');
    }, 180_000);
    afterAll(() => desk?.close());

    it('nobody sees anything before the first promotion', () => {
      for (const { status, stdout } of Object.values(nothing))
        expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    });

    const generations = {
      before: 1,
      'while the next one is brought in': 1,
      'after the promotion, during the overlap': 2,
      'after the proof': 2,
    };
    it.each(Object.entries(generations))('%s everybody opens generation %i, whole', (moment, generation) => {
      const { seen, current } = moments.get(moment) ?? { seen: {}, current: {} };
      expect(current).toMatchObject({ generation });
      for (const [reader, { status, stdout, stderr }] of Object.entries(seen)) {
        expect({ reader, status, stderr }).toEqual({ reader, status: 0, stderr: '' });
        expect(JSON.parse(stdout)).toMatchObject(current);
      }
    });
  });

  /** What the operator asks for by these manifests: one read of this path. */
  it('the manifests name what is there', async () => {
    const [vaultStore, vaultSecret] = manifests('external-secret-vault.yaml');
    const path = `${vaultStore?.spec.provider?.vault?.path}/data/${keyOf(vaultSecret)}`;
    const { data } = (await bao.api('GET', path)) as { data: { data: object } };
    const [, awsSecret] = manifests('external-secret-aws.yaml');
    const read = `import boto3; print(boto3.client("secretsmanager").get_secret_value(SecretId="${keyOf(awsSecret)}", VersionStage="AWSCURRENT")["SecretString"])`;
    const { stdout } = await application.run(['python', '-c', read], variables);
    for (const document of [data.data, JSON.parse(stdout)])
      expect(document).toMatchObject({ generation: 2, apiKey: expect.any(String) });
  });
});

interface Current {
  generation: number;
  fingerprint: string;
}

interface Manifest {
  kind: string;
  spec: {
    provider?: { vault?: { path: string } };
    dataFrom?: { extract: { key: string } }[];
  };
}

const manifests = (file: string): Manifest[] =>
  parseAllDocuments(PROGRAMS[file] ?? '').map((document) => document.toJS() as Manifest);
const keyOf = (manifest?: Manifest): string | undefined => manifest?.spec.dataFrom?.[0]?.extract.key;

describeWith(['external-secrets'], 'the External Secrets Operator', () => {
  it.each(['external-secret-vault.yaml', 'external-secret-aws.yaml'])('would take %s, every field of it', (file) => {
    const found = manifests(file);
    expect(found.map(({ kind }) => kind)).toEqual(['SecretStore', 'ExternalSecret']);
    for (const manifest of found) expect(schemaOf(manifest.kind).safeParse(manifest).error).toBeUndefined();
  });

  it('would not take a field it does not know', () => {
    const [, secret] = manifests('external-secret-aws.yaml');
    const wrong = { ...secret, spec: { ...secret?.spec, refreshEvery: '5m' } };
    expect(schemaOf('ExternalSecret').safeParse(wrong).error?.issues).toMatchObject([{ keys: ['refreshEvery'] }]);
  });

  /** Of the operator’s own definition; Kubernetes would drop what it does not name, and here that is a mistake. */
  function schemaOf(kind: string): z.ZodType {
    const file = `config/crds/bases/external-secrets.io_${kind.toLowerCase()}s.yaml`;
    const { spec } = parse(readFileSync(join(program('external-secrets'), file), 'utf8')) as Definition;
    const version = spec.versions.find(({ name }) => name === 'v1');
    return z.fromJSONSchema(closed(version?.schema.openAPIV3Schema) as Parameters<typeof z.fromJSONSchema>[0]);
  }

  function closed(schema: unknown): unknown {
    if (typeof schema !== 'object' || schema === null) return schema;
    if (Array.isArray(schema)) return schema.map(closed);
    const inside = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, closed(part)]));
    return 'properties' in schema && 'type' in schema ? { ...inside, additionalProperties: false } : inside;
  }
});

interface Definition {
  spec: { versions: { name: string; schema: { openAPIV3Schema: unknown } }[] };
}
