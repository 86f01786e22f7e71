import { build } from 'rolldown';
import { loadConfig } from 'rolldown/config';
import { fetchPrograms } from './programs/fetch.ts';

/** Tests of the command line run what users run: the bundle, made anew from the sources. Others need programs that others wrote. */
export default async function prepare(): Promise<void> {
  const programs = fetchPrograms();
  await build((await loadConfig('rolldown.config.mjs')) as Parameters<typeof build>[0]);
  const found = await programs;
  for (const [name, program] of Object.entries(found)) {
    if ('missing' in program) process.stderr.write(`Tests that need ${name} do not run: ${program.missing}.\n`);
  }
  process.env.KEYTURN_TEST_PROGRAMS = JSON.stringify(found);
}
