import { build } from 'rolldown';

/** Tests of the command line run what users run: the bundle, made anew from the sources. */
export default async function buildOnce(): Promise<void> {
  const { default: config } = await import('../rolldown.config.mjs');
  await build(config as Parameters<typeof build>[0]);
}
