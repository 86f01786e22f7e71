import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../programs/index.ts';
import { apply, differenceTo, inNamespaces, itemsOf, KUBECONFIG, kubectl, rightsOf, until } from './cluster.ts';
import { COMPONENTS, type Manifest, OVERLAYS, only, render } from './kustomize.ts';
import { vaultLogin } from './vault-login.ts';

/**
 * The manifests on a real API server: `npm run test:k8s`. Pods need not run for this: admitted and counted, they may stay pending.
 * What monitoring adds of kinds that Kubernetes does not have is left out.
 */
const suite = (): void => {
  const VARIANTS: [overlay: string, components: string[]][] = [
    ...OVERLAYS.map((overlay): [string, string[]] => [overlay, []]),
    ...COMPONENTS.map((component): [string, string[]] => ['vault', [component]]),
  ];

  describe.each(VARIANTS)('%s %j', (overlay, components) => {
    const id = `keyturn-test-${randomUUID().slice(0, 8)}`;
    const namespaces = { keyturn: id, trading: `${id}-trading` };
    let manifests: Manifest[];
    beforeAll(async () => {
      const rendered = inNamespaces(await render(overlay, components), namespaces);
      manifests = rendered.filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.coreos.com/'));
      await kubectl(['create', 'namespace', namespaces.trading]);
    });
    afterAll(() => kubectl(['delete', 'namespace', '--wait=false', ...Object.values(namespaces)]));

    it('is accepted, and is then what it says', async () => {
      await apply(manifests.filter(({ kind }) => kind === 'Namespace'));
      await apply(manifests);
      expect(await differenceTo(manifests)).toBe('');
    });

    it('has the pods it is to have, under Pod Security', async () => {
      const isCronJob = manifests.some(({ kind }) => kind === 'CronJob');
      if (isCronJob) await kubectl(['create', 'job', 'first', '--from=cronjob/keyturn', '-n', id]);
      const wanted = isCronJob ? podsOfJob(manifests) : 2;
      const pods = await until(
        () => itemsOf<{ status: { phase: string } }>('pods', id),
        (found) => found.length >= wanted,
      );
      expect(pods).toHaveLength(wanted);
      const refusals = await itemsOf<{ reason: string; message: string }>(
        'events',
        id,
        '--field-selector=type=Warning',
      );
      expect(refusals.filter(({ reason }) => reason === 'FailedCreate')).toEqual([]);
      await expect(kubectl(['run', 'root', '--image=registry.example/any', '-n', id])).rejects.toThrow(
        'violates PodSecurity "restricted',
      );
    });

    it('has the rights it is to have', async () => {
      const account = `system:serviceaccount:${id}:keyturn`;
      expect(await rightsOf(account, id)).toEqual([]);
      const patch = {
        verbs: ['patch'],
        apiGroups: ['apps'],
        resources: ['deployments'],
        resourceNames: ['market-maker'],
      };
      expect(await rightsOf(account, namespaces.trading)).toEqual(components.includes('rollout-hook') ? [patch] : []);
    });
  });

  describeWith(['bao'], 'a login at OpenBao with the token of the pod alone', vaultLogin);
};

const podsOfJob = (manifests: readonly Manifest[]): number => {
  const { jobTemplate } = only(manifests, 'CronJob').spec as { jobTemplate: { spec: { completions?: number } } };
  return jobTemplate.spec.completions ?? 1;
};

if (KUBECONFIG) describeWith(['kubectl'], 'on a cluster', suite);
else describe.skip('on a cluster (skipped: npm run test:k8s runs it)', suite);
