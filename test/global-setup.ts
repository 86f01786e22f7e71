import { build } from 'rolldown';
import { loadConfig } from 'rolldown/config';

/** Tests of the command line run what users run: the bundle, made anew from the sources. */
export default async function buildOnce(): Promise<void> {
  await build((await loadConfig('rolldown.config.mjs')) as Parameters<typeof build>[0]);
}
