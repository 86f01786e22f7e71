import { KeyturnError } from '../../../src/errors.ts';
import type { Answer, Conditions, VenueDependencies } from '../../../src/ports/venue.ts';
import type { Looking } from './probing.ts';
import type { Login } from './ssh-login.ts';
import type { SshProbe } from './ssh-options.ts';

/** Asks a server by logging in with the key. Throws `invalid` where a proxy is wanted, which SSH does not go through. */
export function sshLooking(probe: SshProbe, dependencies: VenueDependencies, tellsAddresses: boolean): Looking {
  const { insideProxy, outsideProxy, timeoutMs = 10_000 } = dependencies;
  if (insideProxy !== null || outsideProxy !== null)
    throw new KeyturnError('invalid', 'a venue with an ssh probe is reached without a proxy', {
      hint: 'remove inside.proxy and outside from the venue in keyturn.yaml',
    });
  const endpoint = `ssh://${probe.user}@${probe.host}:${probe.port}`;
  // Loaded when it is needed: planning never is.
  const login = async (signer: Parameters<typeof import('./ssh-login.ts').login>[1]) =>
    (await import('./ssh-login.ts')).login(probe, signer, timeoutMs);
  return {
    async conditions(): Promise<Conditions> {
      const result = await login(null);
      return result.outcome === 'trouble'
        ? { state: 'trouble', why: result.why, detail: result.detail }
        : // SSH shows no time, and nothing in it depends on ours.
          { state: 'normal', clockOffsetMs: null };
    },

    async look({ signer }) {
      return {
        answer: { endpoint, status: null, code: null, ...meaningOf(await login(signer), tellsAddresses) },
        body: null,
      };
    },
  };
}

function meaningOf(login: Login, tellsAddresses: boolean): Pick<Answer, 'kind' | 'shape' | 'why'> {
  if (login.outcome === 'accepted') return { kind: 'accepted', shape: '' };
  if (login.outcome === 'trouble') return { kind: 'no-information', shape: '', why: login.why };
  if (login.wasKnown) return { kind: 'refused', shape: 'key known, login refused' };
  if (!login.offers.includes('publickey')) return { kind: 'no-information', shape: '', why: 'unexpected-answer' };
  // A line with from= is passed over like one that is not there.
  return { kind: tellsAddresses ? 'refused' : 'unknown-key', shape: 'public key not accepted' };
}
