import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Manifest } from './kustomize.ts';

/** What Kubernetes would refuse of manifests, found without a cluster. Custom kinds are not in the models and left out. */

const CACHE = resolve('node_modules/.cache/k8s');
const TSC = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--types', '', '--module', 'nodenext'];

const isCustom = ({ apiVersion }: Manifest): boolean => apiVersion.startsWith('monitoring.coreos.com/');
const modelOf = ({ apiVersion, kind }: Manifest): string => `kubernetes-models/${apiVersion}/${kind}`;

/** Wrong types, missing fields, unknown words, malformed quantities. */
export async function wrongValues(manifests: readonly Manifest[]): Promise<string[]> {
  const checked = manifests
    .filter((manifest) => !isCustom(manifest))
    .map(async (manifest) => {
      const models = (await import(modelOf(manifest))) as Record<string, new (from: Manifest) => { validate(): void }>;
      const Model = models[manifest.kind];
      if (!Model) return [`there is no kind ${manifest.kind} in ${manifest.apiVersion}`];
      try {
        new Model(manifest).validate();
        return [];
      } catch (error) {
        return [`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`];
      }
    });
  return (await Promise.all(checked)).flat();
}

/** The models let unknown fields through. The compiler does not, where the same manifest stands in a program. */
export async function unknownFields(manifests: readonly Manifest[]): Promise<string[]> {
  const lines = manifests
    .filter((manifest) => !isCustom(manifest))
    .map((manifest) => {
      const type = `import('${modelOf(manifest)}').I${manifest.kind}`;
      return `export const _: ${type} = ${JSON.stringify(manifest)};`;
    })
    .map((line, index) => line.replace('_', `m${index}`));
  const folder = join(CACHE, `${process.pid}`);
  const file = join(folder, 'manifests.ts');
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(file, lines.join('\n'));
    await promisify(execFile)(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...TSC, file]);
    return [];
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? error)
      .split('\n')
      .filter((line) => line.includes('error TS'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
