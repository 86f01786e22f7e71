import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyturn } from '../cli/keyturn.ts';
import { describeWithMounts } from '../cli/mounts.ts';
import { itWith } from '../programs/index.ts';
import { type RunOptions, runPod } from './container.ts';
import { buildImage, type Image } from './image.ts';
import { containerOf, podOf, render, withConfiguration } from './kustomize.ts';
import { layOut } from './volumes.ts';

/** The image, and the pod of the directory overlay in it: a whole first pass by a user without rights, on a root it cannot write. */

it('the Dockerfile is one', async () => {
  expect(validate(await readFile('Dockerfile', 'utf8'))).toEqual([]);
});

describeWithMounts('a container', () => {
  let folder: string;
  let image: Image;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-image-'));
    image = await buildImage(folder);
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('runs as nobody in particular', () => {
    expect(image.user).toMatch(/^[1-9]\d+:[1-9]\d+$/);
  });

  itWith(['kubectl'], 'makes the first pass', async () => {
    const [identity, recipients] = await initialised();
    const manifests = withConfiguration(await render('directory'), (text) =>
      text.replace(/recipients: .*/, `recipients: [${recipients.join(', ')}]`),
    );
    const pod = podOf(manifests);
    const disk = (await layOut(pod, join(folder, 'disks'), { manifests })).get('store') ?? '';
    const secrets = { 'keyturn-identity/identity': identity };
    const options: RunOptions = { image, manifests, secrets, disks: new Map([['store', disk]]) };

    const first = await runPod(pod, options);
    expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining('2 tasks for people') });
    expect(await runPod(pod, options)).toMatchObject({ status: 0 });
    const args = [...configured(containerOf(pod).args), 'status', '-o', 'json'];
    const { stdout } = await runPod(pod, { ...options, args });
    expect(JSON.parse(stdout).keys).toMatchObject([{ phase: 'registering' }, { phase: 'registering' }]);
  });

  async function initialised(): Promise<[identity: string, recipients: string[]]> {
    await keyturn(['init'], { cwd: folder });
    const read = (name: string) => readFile(join(folder, '.keyturn', name), 'utf8');
    return [await read('identity.txt'), (await read('recipients.txt')).match(/^age1\w+$/gm) ?? []];
  }
});

const configured = (args: readonly string[] = []): string[] =>
  args.filter((word) => /^--(config|policies)=/.test(word));
