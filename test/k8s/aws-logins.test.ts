import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyturn } from '../cli/keyturn.ts';
import { describeWith } from '../programs/index.ts';
import { startMoto } from '../providers/moto.ts';
import { podOf, render, withConfiguration } from './kustomize.ts';
import { placeHere } from './volumes.ts';

/** A pass of both AWS overlays with what EKS adds to the pod, and nothing else to log in with: both ways are in the bundle. */

const TOKEN = 'of-the-service-account';

describeWith(['kubectl', 'moto_server'], 'in the pod of', () => {
  let moto: Awaited<ReturnType<typeof startMoto>>;
  let folder: string;
  let token: string;
  beforeAll(async () => {
    moto = await startMoto();
    folder = await mkdtemp(join(tmpdir(), 'keyturn-k8s-'));
    token = join(folder, 'token');
    await writeFile(token, TOKEN);
  });
  afterAll(async () => {
    await moto?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('aws-irsa the token is exchanged at STS', async () => {
    const env = {
      AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/keyturn',
      AWS_WEB_IDENTITY_TOKEN_FILE: token,
      AWS_ENDPOINT_URL_STS: moto.url,
    };
    expect(await pass('aws-irsa', env)).toMatchObject({ status: 0, stdout: expect.stringContaining('2 tasks') });
    await rm(token);
    expect(await pass('aws-irsa', env)).toMatchObject({ status: 1 });
    await writeFile(token, TOKEN);
  });

  it('aws-pod-identity the agent of the node is asked', async () => {
    const asked: (string | undefined)[] = [];
    const agent = createServer(({ headers }, response) => {
      asked.push(headers.authorization);
      const Expiration = new Date(Date.now() + 3_600_000).toISOString();
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ AccessKeyId: 'ASIA0', SecretAccessKey: 'secret', Token: 'session', Expiration }));
    });
    await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(agent.address() as AddressInfo).port}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token,
    };
    try {
      expect(await pass('aws-pod-identity', env)).toMatchObject({ status: 0 });
      expect(new Set(asked)).toEqual(new Set([TOKEN]));
    } finally {
      agent.close();
    }
  });

  async function pass(overlay: string, given: NodeJS.ProcessEnv) {
    const manifests = withConfiguration(await render(overlay), (text) =>
      text.replace(/( +)region:/, `$1endpoint: ${moto.url}\n$&`),
    );
    const { args } = await placeHere(podOf(manifests), await mkdtemp(join(folder, 'pod-')), { manifests });
    const nothingElse = Object.keys(process.env).filter((name) => name.startsWith('AWS_'));
    const none = Object.fromEntries(nothingElse.map((name) => [name, undefined]));
    return keyturn(args, { cwd: folder, env: { ...none, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', ...given } });
  }
});
