import { afterEach, expect, it } from 'vitest';
import { aDesk, type Desk } from './desk.ts';
import { examplesOf } from './examples.ts';

/** A venue without a probe: nothing can be seen, and nothing is called proven. */

const KEY = 'settlement/reporter';
const { 'keyturn.yaml': documented = '', 'policies/gateway.yaml': policy = '' } = examplesOf('docs/manual-venues.md');
const configuration = documented.replace(/ {4}probe:.*(?= {4}proof)/s, '');

let desk: Desk;
afterEach(() => desk.close());

it('turns a key over on people’s word, and the evidence says so', async () => {
  desk = await aDesk(KEY, { configuration, policy });
  await desk.apply();
  await desk.register('reporter-g1');
  expect((await desk.verdict('next')).message).toContain('that it works is unproven');
  expect(await desk.apply()).toEqual(['promote done promoted']);
  expect((await desk.run('rotate', KEY, '--reason', 'test')).status).toBe(0);
  await desk.apply();
  await desk.register('reporter-g2');
  expect(await desk.apply()).toEqual([
    'verify done verified',
    'promote done promoted',
    'revoke waiting deletion-asked',
    'prove waiting no-probe',
  ]);
  expect(await desk.verdict('previous')).toMatchObject({ verdict: 'inconclusive', reason: 'no-probe' });
  const { stdout } = await desk.run('attest', KEY, '--reason', 'removed it from jwks.json');
  expect(stdout).toContain('not as proven');
  expect(await desk.apply()).toEqual(['destroy done destroyed']);
  const evidence = await desk.run('evidence', KEY, '-o', 'markdown');
  expect(evidence.stdout).toContain('taken-on-word');
  expect(evidence.stdout).not.toContain('proven-dead');
});
