import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IVolume } from 'kubernetes-models/v1/Volume';
import { containerOf, type Manifest, only, type Pod } from './kustomize.ts';

/** The volumes of a pod as the kubelet lays them out in a folder. Owner is root, the group the pod's fsGroup. */

export interface Contents {
  manifests: readonly Manifest[];
  /** What the token projected for an audience is. */
  tokens?: Readonly<Record<string, string>>;
}

/** Where each volume is, by its name. */
export async function layOut(
  { spec }: Pick<Pod, 'spec'>,
  folder: string,
  contents: Contents,
): Promise<Map<string, string>> {
  const group = Number(spec.securityContext?.fsGroup);
  const places = (spec.volumes ?? []).map(async (volume): Promise<[string, string]> => {
    const place = join(folder, volume.name);
    await mkdir(place, { recursive: true });
    await fill(volume, place, group, contents);
    return [volume.name, place];
  });
  return new Map(await Promise.all(places));
}

/** The same where no root of its own can be had: paths in arguments and ConfigMaps lead to this folder. */
export async function placeHere(
  pod: Pick<Pod, 'spec'>,
  place: string,
  contents: Contents,
): Promise<{ args: string[]; files: string[] }> {
  const { volumeMounts = [], args = [] } = containerOf(pod);
  const moved = (text: string): string =>
    volumeMounts.reduce((words, { name, mountPath }) => words.replaceAll(mountPath, join(place, name)), text);
  const manifests = contents.manifests.map(({ data = {}, ...manifest }) => ({
    ...manifest,
    data: Object.fromEntries(Object.entries(data).map(([name, text]) => [name, moved(text)])),
  }));
  await layOut(pod, place, { ...contents, manifests });
  const words = args.map(moved);
  return { args: words, files: words.filter((word) => /^--(config|policies)=/.test(word)) };
}

async function fill(volume: IVolume, place: string, group: number, { manifests, tokens = {} }: Contents) {
  if (volume.configMap) return atomically(place, only(manifests, 'ConfigMap', volume.configMap.name).data ?? {}, group);
  if (volume.projected) return atomically(place, projected(volume.projected, tokens), group, 0o640);
  // A disk: fsGroup gives it to the group, and what is made in it as well.
  await chown(place, 0, group);
  await chmod(place, 0o2775);
}

function projected({ sources = [] }: NonNullable<IVolume['projected']>, tokens: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    sources.map(({ serviceAccountToken }) => {
      const token = tokens[serviceAccountToken?.audience ?? ''];
      if (!serviceAccountToken || token === undefined) throw new Error('nobody gave a token for this audience');
      return [serviceAccountToken.path, token];
    }),
  );
}

/** Each file is a link into `..data`, itself a link to the newest of several folders: so all change at once. */
async function atomically(place: string, files: Readonly<Record<string, string>>, group: number, mode = 0o644) {
  const version = '..2026_01_01_00_00_00.0000000001';
  await mkdir(join(place, version));
  await symlink(version, join(place, '..data'));
  for (const [name, text] of Object.entries(files)) {
    const file = join(place, version, name);
    await writeFile(file, text, { mode });
    await chown(file, 0, group);
    await symlink(join('..data', name), join(place, name));
  }
}
