import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aFolder } from '../cli/keyturn.ts';
import { program } from '../programs/index.ts';

/** docs/consumers.md: what stands there, and a folder to run it in. */

const PAGE = readFileSync('docs/consumers.md', 'utf8');

/** The text of each program on the page, by the name in its first line. */
export const PROGRAMS: Record<string, string> = Object.fromEntries(
  [...PAGE.matchAll(/^```\w+\n(?:#|\/\/) (\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]),
);

export const FENCES = PAGE.match(/^```/gm)?.length;

export type Command = readonly [string, ...string[]];

export interface Answer {
  status: unknown;
  stdout: string;
  stderr: string;
}

/** A folder with the programs of the page and the clients they import. */
export interface Application {
  folder: string;
  /** Runs one as an application that has these variables, the programs named, and the loopback. */
  run(command: Command, variables?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export async function anApplication(programs: readonly string[]): Promise<Application> {
  const { folder, close } = await aFolder(PROGRAMS);
  await symlink(program('node clients'), join(folder, 'node_modules'));
  const folders = [process.execPath, ...programs.map(program)].map(dirname);
  return {
    folder,
    close,
    run([command, ...args], variables = {}) {
      const env = {
        ...variables,
        PATH: [...folders, process.env.PATH].join(delimiter),
        NODE_OPTIONS: `--import=${new URL('loopback-only/refuse.mjs', import.meta.url).href}`,
        PYTHONPATH: fileURLToPath(new URL('loopback-only', import.meta.url)),
      };
      return new Promise((done) => {
        execFile(command, args, { cwd: folder, env, timeout: 30_000 }, (error, stdout, stderr) =>
          done({ status: error === null ? 0 : error.code, stdout, stderr }),
        );
      });
    },
  };
}
