import { isKeyturnError } from '../../../src/errors.ts';
import type { Api, Reply, Request } from './api.ts';
import { type Lease, leaseIn, logIn } from './login.ts';
import type { VaultAuth } from './options.ts';

/** Requests under a login that is made when it is first needed, renewed while the process runs, and given back at the end. */
export interface Session {
  /** As `Api.send`. A 403 that may come from an expired token is tried once more after logging in anew. */
  send(request: Omit<Request, 'token'>, options?: { mayLogInAgain?: boolean }): Promise<Reply>;
  /** Throws what keeps it from logging in. */
  logIn(): Promise<void>;
  /** Without a token. */
  ask: Api['send'];
  /** Revokes the token if this session logged in for it. Never throws: what is not revoked expires. */
  close(): Promise<void>;
}

export interface SessionOptions {
  api: Promise<Api>;
  auth: VaultAuth;
  /** Where relative paths of secrets start. */
  folder: string;
}

/** A failed login is the answer for that long: a thousand keys must not fail a thousand times. */
const FAILURE_HOLDS_MS = 5_000;
/** A login that did not help against a 403 is not repeated sooner. */
const BETWEEN_LOGINS_MS = 60_000;
/** Longer ones overflow Node’s timers. */
const LONGEST_WAIT_MS = 24 * 3600_000;

export function openSession({ api, auth, folder }: SessionOptions): Session {
  let lease: Promise<Lease> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let loggedInAgain = Number.NEGATIVE_INFINITY;
  let isClosed = false;

  /** Everybody who needs a token at the same time waits for one login. */
  function fresh(): Promise<Lease> {
    const coming = api.then((each) => logIn(each, auth, folder));
    lease = coming;
    coming.then(keep, () => {
      setTimeout(() => {
        if (lease === coming) lease = null;
      }, FAILURE_HOLDS_MS).unref();
    });
    return coming;
  }

  /** Renews at two thirds of its time. */
  function keep({ seconds, isRenewable, token }: Lease): void {
    clearTimeout(timer);
    if (seconds === 0 || isClosed) return;
    const again = async () => {
      try {
        if (!isRenewable) throw new Error('it cannot be renewed');
        const about = 'renew its token';
        const answer = await (await api).send({
          path: 'auth/token/renew-self',
          about,
          body: {},
          token: token.revealText(),
        });
        const renewed = { ...leaseIn(answer, about), token };
        // Near the end of all it may live a token is given ever less.
        if (renewed.seconds * 2 <= seconds && auth.kind !== 'token') throw new Error('its end is near');
        lease = Promise.resolve(renewed);
        keep(renewed);
      } catch {
        if (!isClosed) void fresh().catch(() => undefined);
      }
    };
    timer = setTimeout(again, Math.min((seconds * 1000 * 2) / 3, LONGEST_WAIT_MS)).unref();
  }

  const current = (): Promise<Lease> => lease ?? fresh();

  /** Whether there is another token now than the one that was refused. */
  async function replaced(refused: Lease): Promise<boolean> {
    if ((await current()) !== refused) return true;
    if (performance.now() - loggedInAgain < BETWEEN_LOGINS_MS) return false;
    loggedInAgain = performance.now();
    return (await fresh()) !== refused;
  }

  return {
    async send(request, { mayLogInAgain = true } = {}) {
      const held = await current();
      const over = await api;
      try {
        return await over.send({ ...request, token: held.token.revealText() });
      } catch (error) {
        if (!mayLogInAgain || !isKeyturnError(error, 'denied') || !(await replaced(held))) throw error;
        return over.send({ ...request, token: (await current()).token.revealText() });
      }
    },
    async logIn() {
      await current();
    },
    ask: async (request) => (await api).send(request),
    async close() {
      isClosed = true;
      clearTimeout(timer);
      if (lease === null || auth.kind === 'token') return;
      try {
        const token = (await lease).token.revealText();
        await (await api).send({ path: 'auth/token/revoke-self', about: 'revoke its token', body: {}, token });
      } catch {
        // It expires.
      }
      lease = null;
    },
  };
}
