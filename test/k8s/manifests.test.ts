import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { loadConfiguration } from '../../src/configuration.ts';
import { flawOfCron } from '../../src/core/cron.ts';
import { KINDS } from '../../src/wire.ts';
import { keyturn } from '../cli/keyturn.ts';
import { describeWith } from '../programs/index.ts';
import {
  COMPONENTS,
  containerOf,
  type Manifest,
  OVERLAYS,
  only,
  type Pod,
  podOf,
  podsOf,
  render,
  renderOnTop,
} from './kustomize.ts';
import { unknownFields, wrongValues } from './models.ts';
import { placeHere } from './volumes.ts';

/** The manifests without a cluster: Kubernetes would take them, keyturn would, and they agree with each other. */

interface JobSpec {
  activeDeadlineSeconds: number;
  completions: number;
}

interface NetworkPolicySpec {
  podSelector: { matchLabels: Record<string, string> };
  ingress?: { ports: { port: number | string }[] }[];
}

const jobOf = (manifests: readonly Manifest[]): JobSpec =>
  (only(manifests, 'CronJob').spec as { jobTemplate: { spec: JobSpec } }).jobTemplate.spec;

describeWith(['kubectl'], 'the manifests', () => {
  /** Every overlay, one of them with each component, and two with the daemon. */
  const variants = new Map<string, Manifest[]>();
  const variant = (name: string): Manifest[] => variants.get(name) ?? [];
  const all = (): Manifest[] => [...variants.values()].flat();
  const pods = (): [Pod, Manifest[]][] =>
    [...variants.values()].flatMap((manifests) => podsOf(manifests).map((pod): [Pod, Manifest[]] => [pod, manifests]));

  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-k8s-'));
    for (const overlay of OVERLAYS) variants.set(overlay, await render(overlay));
    for (const component of COMPONENTS) variants.set(component, await render('vault', [component]));
    for (const overlay of ['vault', 'directory'])
      variants.set(`${overlay} with serve`, await render(overlay, ['serve']));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe('Kubernetes would take', () => {
    it('every value', async () => {
      expect(await wrongValues(all())).toEqual([]);
      const wrong = { ...only(variant('vault'), 'CronJob'), spec: { schedule: 15 } };
      expect(await wrongValues([wrong])).toHaveLength(1);
    });

    it('every field', async () => {
      expect(await unknownFields(all())).toEqual([]);
      const job = only(variant('vault'), 'CronJob');
      const wrong = { ...job, spec: { ...(job.spec as object), timezone: 'Etc/UTC' } };
      expect(await unknownFields([wrong])).toEqual([expect.stringContaining('timezone')]);
    });

    it('every name that a pod has of something else', () => {
      for (const [{ spec }, manifests] of pods()) {
        expect(only(manifests, 'ServiceAccount', spec.serviceAccountName)).toBeDefined();
        for (const { configMap, persistentVolumeClaim } of spec.volumes ?? []) {
          if (configMap) expect(only(manifests, 'ConfigMap', configMap.name)).toBeDefined();
          if (persistentVolumeClaim)
            expect(only(manifests, 'PersistentVolumeClaim', persistentVolumeClaim.claimName)).toBeDefined();
        }
      }
    });
  });

  describe('keyturn would take', () => {
    it('every command and flag', async () => {
      for (const args of new Set(pods().map(([pod]) => (containerOf(pod).args ?? []).join(' '))))
        expect(await unknownWords(args.split(' ')), args).toEqual([]);
      expect(await unknownWords(['apply', '--yse'])).toEqual(['--yse']);
    });

    it('the configuration and the policies it finds where they are mounted', async () => {
      for (const [index, [pod, manifests]] of pods().entries()) {
        const { files } = await placeHere(pod, join(folder, `${index}`), { manifests, tokens: { vault: 'none' } });
        const { stdout, stderr } = await keyturn([...files, 'policy', 'check', '-o', 'json'], { cwd: folder });
        expect(stderr).toBe('');
        expect(JSON.parse(stdout)).toMatchObject({ problems: [] });
      }
    });

    it('the schedule', () => {
      expect(flawOfCron((only(variant('vault'), 'CronJob').spec as { schedule: string }).schedule)).toBeNull();
    });

    it('the time a pass has, which ends no later than the claims it took', async () => {
      const pod = podOf(variant('vault'));
      const keyturnYaml = join(folder, 'keyturn.yaml');
      await writeFile(keyturnYaml, configurationIn(variant('vault')));
      const { configuration } = await loadConfiguration(keyturnYaml, KINDS);
      const { activeDeadlineSeconds } = jobOf(variant('vault'));
      const grace = pod.spec.terminationGracePeriodSeconds ?? 0;
      expect(activeDeadlineSeconds + grace).toBeLessThanOrEqual(configuration.claim.for);
    });
  });

  describe('they agree', () => {
    it('every pod is selected by the policy that forbids everything, and by all others', () => {
      for (const [{ labels }, manifests] of pods()) {
        const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
        expect(policies.map(({ metadata }) => metadata.name)).toContain('keyturn-nothing-else');
        for (const { spec } of policies)
          expect(labels).toMatchObject((spec as NetworkPolicySpec).podSelector.matchLabels);
      }
    });

    it('the pod of the daemon is the pod of the CronJob, but for how it is started and watched', () => {
      for (const overlay of ['vault', 'directory']) {
        const [job, daemon] = [podOf(variant(overlay)), podOf(variant(`${overlay} with serve`))].map(whatTheyShare);
        expect(daemon).toEqual(job);
      }
    });

    it('as many pods of an Indexed Job as --shard counts', () => {
      const manifests = variant('many-keys');
      const { completions } = jobOf(manifests);
      expect(podsOf(manifests).flatMap((pod) => containerOf(pod).args)).toContain(
        `--shard=$(JOB_COMPLETION_INDEX)/${completions}`,
      );
    });

    it('the image is of this version', () => {
      for (const [pod] of pods()) expect(containerOf(pod).image).toMatch(new RegExp(`:${packageJson.version}$`));
    });

    it('whatever has to be filled in says so', () => {
      const placeholders = /192\.0\.2\.|111122223333|"monitoring"|"market-maker"/;
      for (const { kind, metadata, ...rest } of all()) {
        if (kind === 'ConfigMap') continue;
        const { 'keyturn/fill-in': what, ...annotations } = metadata.annotations ?? {};
        if (placeholders.test(JSON.stringify([annotations, rest]))) expect(what, metadata.name).toBeTruthy();
      }
    });

    it('the example in README.md fills in what it says it does', async () => {
      const readme = await readFile('k8s/README.md', 'utf8');
      const [, kustomization = ''] = /```yaml\n(.*?)```/s.exec(readme) ?? [];
      const policy = await readFile('k8s/base/policies/trading.yaml', 'utf8');
      const manifests = await renderOnTop(kustomization, { 'desk.yaml': policy });
      expect(await wrongValues(manifests)).toEqual([]);
      const text = JSON.stringify(manifests);
      expect(text).not.toMatch(/registry\.example|192\.0\.2\./);
      for (const filledIn of ['registry.internal/keyturn:', '10.0.7.12/32', '10.0.7.40/32', '"desk.yaml"'])
        expect(text).toContain(filledIn);
    });

    it('rights on Kubernetes are given by one component alone', () => {
      const rules = [...variants].flatMap(([name, manifests]) =>
        manifests.filter(({ kind }) => /Role/.test(kind)).map(({ kind }) => `${name}: ${kind}`),
      );
      expect(rules).toEqual(['rollout-hook: Role', 'rollout-hook: RoleBinding']);
    });
  });
});

function whatTheyShare(pod: Pod) {
  const { restartPolicy: _restart, topologySpreadConstraints: _spread, containers: _containers, ...spec } = pod.spec;
  const { args, ports: _ports, livenessProbe: _liveness, readinessProbe: _readiness, ...container } = containerOf(pod);
  return { ...spec, ...container, args: args?.filter((word) => /^--(config|policies)=/.test(word)) };
}

const configurationIn = (manifests: readonly Manifest[]): string =>
  manifests.flatMap(({ data }) => data?.['keyturn.yaml'] ?? []).join();

/** What completion would not offer where it stands. */
async function unknownWords(args: readonly string[]): Promise<string[]> {
  const unknown = args.map(async (word, index) => {
    const name = word.replace(/=.*/, '');
    const { stdout } = await keyturn(['complete', '--', ...args.slice(0, index), name]);
    return stdout.split('\n').includes(name) ? [] : [name];
  });
  return (await Promise.all(unknown)).flat();
}
