import { afterAll, beforeAll, describe } from 'vitest';
import { type Bao, startBao } from '../programs/bao.ts';
import { describeWith } from '../programs/index.ts';
import { canary } from './vault/canary.ts';
import { faults } from './vault/faults.ts';
import { writePolicies } from './vault/given.ts';
import { logins } from './vault/logins.ts';
import { rights } from './vault/rights.ts';
import { sentences } from './vault/sentences.ts';

/** The vault store on one real OpenBao: what a healthy server does not do, who may do what, logins, and what is said. */

describeWith(['bao'], 'the vault store', () => {
  let bao: Bao;
  beforeAll(async () => {
    bao = await startBao();
    await writePolicies(bao);
  });
  afterAll(() => bao.stop());
  const server = () => bao;

  describe('behind faults', () => faults(server));
  describe('rights', () => rights(server));
  describe('logins', () => logins(server));
  describe('what is said', () => sentences(server));
  describe('secrets', () => canary(server));
});
