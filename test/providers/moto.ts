import { spawn } from 'node:child_process';
import { program } from '../programs/program.ts';

/** moto_server on a free port, ended by `close`. */
export async function startMoto(): Promise<{ url: string; close: () => Promise<void> }> {
  const child = spawn(program('moto_server'), ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      if (address) resolve(address);
    });
    child.once('error', reject);
    child.once('exit', (status) => reject(new Error(`moto_server ended with ${status}: ${said}`)));
  });
  return {
    url,
    async close() {
      child.kill();
      await ended;
    },
  };
}
