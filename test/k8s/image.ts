import { execFile } from 'node:child_process';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type Copy, DockerfileParser, type From, type Instruction, type JSONInstruction } from 'dockerfile-ast';

/** What the Dockerfile leaves, without a container engine: its lines are carried out in folders that stand for the stages. */
export interface Image {
  /** What the last stage adds to its base. */
  files: string;
  user: string;
  entrypoint: string[];
}

/** What lies in the cache of npm is not asked for again. */
const env = { ...process.env, npm_config_prefer_offline: 'true' };

/** Only these run, as they keep to their own folder; what a stage changes in its base is nothing of this machine's. */
const HARMLESS = /^npm (ci|run build)\b/;

export async function buildImage(folder: string): Promise<Image> {
  const context = join(folder, 'context');
  await copyContext(context);
  const instructions = DockerfileParser.parse(await readFile('Dockerfile', 'utf8')).getInstructions();
  const image: Image = { files: '', user: '', entrypoint: [] };
  const stages = new Map<string, string>();
  let workdir = '/';
  for (const instruction of instructions) {
    const words = instruction.getExpandedArguments().map((word) => word.getValue());
    const at = (path: string) => join(image.files, path.startsWith('/') ? path : join(workdir, path));
    switch (instruction.getKeyword()) {
      case 'FROM': {
        const name = (instruction as From).getBuildStage() ?? 'last';
        image.files = join(folder, name);
        stages.set(name, image.files);
        workdir = '/';
        break;
      }
      case 'WORKDIR':
        workdir = words[0] ?? '';
        await mkdir(at('.'), { recursive: true });
        break;
      case 'COPY':
        await copy(words, fromOf(instruction, stages) ?? context, at);
        break;
      case 'RUN':
        if (HARMLESS.test(words.join(' ')))
          await promisify(execFile)('sh', ['-c', words.join(' ')], { cwd: at('.'), env });
        break;
      case 'USER':
        image.user = words[0] ?? '';
        break;
      case 'ENTRYPOINT':
        image.entrypoint = (instruction as JSONInstruction).getJSONStrings().map((word) => JSON.parse(word.getValue()));
        break;
    }
  }
  return image;
}

function fromOf(instruction: Instruction, stages: ReadonlyMap<string, string>): string | undefined {
  const flag = (instruction as Copy).getFromFlag();
  return flag ? stages.get(flag.getValue() ?? '') : undefined;
}

/** To a name that ends with a slash or is `.`: into that folder. Else: as that name; of a folder its content. */
async function copy(words: readonly string[], from: string, at: (path: string) => string): Promise<void> {
  const sources = words.slice(0, -1);
  const to = words.at(-1) ?? '';
  for (const source of sources) {
    await cp(join(from, source), at(/(^\.|\/)$/.test(to) ? join(to, basename(source)) : to), { recursive: true });
  }
}

/** What .dockerignore lets through: everything is left out but what it lists. */
async function copyContext(context: string): Promise<void> {
  const lines = (await readFile('.dockerignore', 'utf8')).split('\n').filter((line) => line && !line.startsWith('#'));
  if (lines[0] !== '*' || !lines.slice(1).every((line) => /^![\w.-]+$/.test(line))) {
    throw new Error('.dockerignore was a list of what is let through');
  }
  for (const line of lines.slice(1)) await cp(line.slice(1), join(context, line.slice(1)), { recursive: true });
}
