import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyturn, type Ran } from '../cli/keyturn.ts';
import { type Bao, startBao } from '../programs/bao.ts';
import { apply, inNamespaces, kubectl } from './cluster.ts';
import { type Manifest, podOf, render, withConfiguration } from './kustomize.ts';
import { placeHere } from './volumes.ts';

/** OpenBao asks the cluster whose token it was shown, as k8s/README.md says to set it up; keyturn has that token and nothing else. */
export function vaultLogin(): void {
  const namespace = `keyturn-test-${randomUUID().slice(0, 8)}`;
  const reviewer = `${namespace}-reviewer`;
  let bao: Bao;
  let folder: string;
  let manifests: Manifest[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-k8s-'));
    bao = await startBao();
    manifests = withConfiguration(inNamespaces(await render('vault'), { keyturn: namespace }), (text) =>
      text.replace(/address: .*/, `address: ${bao.address}\n    ca: ${bao.ca}`),
    );
    await kubectl(['create', 'namespace', namespace]);
    for (const account of ['reviewer', 'stranger']) await kubectl(['create', 'sa', account, '-n', namespace]);
    const mayReview = ['--clusterrole=system:auth-delegator', `--serviceaccount=${namespace}:reviewer`];
    await kubectl(['create', 'clusterrolebinding', reviewer, ...mayReview]);
    await apply(manifests.filter(({ kind }) => kind === 'ServiceAccount'));
    await setUp();
  });
  afterAll(async () => {
    await kubectl(['delete', 'clusterrolebinding', reviewer, '--ignore-not-found']);
    await kubectl(['delete', 'namespace', namespace, '--wait=false', '--ignore-not-found']);
    await bao?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function setUp(): Promise<void> {
    const { stdout: policy } = await runWith('none', ['policy', 'vault']);
    await bao.writePolicy('keyturn-worker', policy);
    await bao.api('POST', 'sys/auth/kubernetes', { type: 'kubernetes' });
    const { cluster } = JSON.parse(await kubectl(['config', 'view', '--raw', '--minify', '-o', 'json'])).clusters[0];
    await bao.api('POST', 'auth/kubernetes/config', {
      kubernetes_host: cluster.server,
      kubernetes_ca_cert: Buffer.from(cluster['certificate-authority-data'], 'base64').toString('utf8'),
      token_reviewer_jwt: await tokenOf('reviewer'),
      disable_local_ca_jwt: true,
    });
    await bao.api('POST', 'auth/kubernetes/role/keyturn', {
      bound_service_account_names: ['keyturn'],
      bound_service_account_namespaces: [namespace],
      audience: 'vault',
      token_policies: ['keyturn-worker'],
      token_no_default_policy: true,
      token_ttl: '20m',
    });
  }

  const tokenOf = async (account: string, ...more: string[]): Promise<string> =>
    (await kubectl(['create', 'token', account, '-n', namespace, ...more])).trim();

  /** What the pod would run, or these words instead, with this token where the pod has its own. */
  async function runWith(token: string, words?: readonly string[]): Promise<Ran> {
    const place = join(folder, randomUUID());
    const { args, files } = await placeHere(podOf(manifests), place, { manifests, tokens: { vault: token } });
    return keyturn(words ? [...files, ...words] : args, { cwd: folder });
  }

  it('makes a whole pass', async () => {
    const { status, stdout, stderr } = await runWith(await tokenOf('keyturn', '--audience=vault'));
    expect(stderr).not.toMatch(/"level":"(warn|error)"/);
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('2 tasks for people') });
    const { data } = (await bao.api('GET', 'secret/metadata/keyturn?list=true')) as { data: { keys: string[] } };
    expect(data.keys.length).toBeGreaterThan(0);
  });

  it.each([
    ['made for the API server', () => tokenOf('keyturn')],
    ['of another service account', () => tokenOf('stranger', '--audience=vault')],
  ])('is refused to a token %s', async (_, token) => {
    const { status, stdout } = await runWith(await token());
    expect({ status, stdout }).toMatchObject({ status: 1, stdout: expect.stringContaining('kubernetes login') });
  });
}
