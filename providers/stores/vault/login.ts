import * as z from 'zod/mini';
import { isKeyturnError, KeyturnError } from '../../../src/errors.ts';
import { Secret } from '../../../src/secret.ts';
import { describeReference, readSecretReference, type SecretReference } from '../../../src/secret-reference.ts';
import type { Api, Reply } from './api.ts';
import type { VaultAuth } from './options.ts';

/** A token and how long it holds. */
export interface Lease {
  token: Secret;
  /** Seconds from when it was given; 0: without end. */
  seconds: number;
  isRenewable: boolean;
}

const Granted = z.object({
  auth: z.object({
    client_token: z.string().check(z.minLength(1)),
    lease_duration: z.number(),
    renewable: z.boolean(),
  }),
});
const Looked = z.object({ data: z.object({ ttl: z.number(), renewable: z._default(z.boolean(), false) }) });

/** Logs in anew, reading its secrets anew: whoever looks after them may have replaced them. Throws `denied` where it is not let in. */
export async function logIn(api: Api, auth: VaultAuth, folder: string): Promise<Lease> {
  switch (auth.kind) {
    case 'token':
      return givenToken(api, new Secret(await secretOf(auth.token, folder)));
    case 'approle':
      return granted(api, auth, { role_id: auth.roleId, secret_id: await secretOf(auth.secretId, folder) });
    case 'kubernetes':
    case 'jwt':
      return granted(api, auth, { role: auth.role, jwt: await secretOf(auth.jwt, folder, 'shared') });
  }
}

const secretOf = async (reference: SecretReference, folder: string, access?: 'shared'): Promise<string> => {
  const text = (await readSecretReference(reference, folder, access)).revealText().trim();
  if (text !== '') return text;
  throw new KeyturnError('invalid', `${describeReference(reference)} is empty`, { hint: 'put the secret there' });
};

async function granted(api: Api, { kind, mount }: Exclude<VaultAuth, { kind: 'token' }>, body: object): Promise<Lease> {
  const about = `accept the ${kind} login at auth/${mount}`;
  const answer = await api.send({ path: `auth/${mount}/login`, about, body }).catch((error) => {
    if (isKeyturnError(error, 'invalid', 'denied')) throw notLetIn(about);
    throw error;
  });
  if (answer.status !== 200) throw notLetIn(about);
  return leaseIn(answer, about);
}

const notLetIn = (about: string): KeyturnError =>
  new KeyturnError('denied', `Vault did not ${about}`, {
    hint: 'check role and secret, whether the secret expired, and that this auth method is mounted there',
  });

export function leaseIn({ body }: Reply, about: string): Lease {
  const { auth } = Granted.safeParse(body).data ?? {};
  if (!auth) throw new KeyturnError('unavailable', `Vault did not ${about}: its answer holds no token`);
  return { token: new Secret(auth.client_token), seconds: auth.lease_duration, isRenewable: auth.renewable };
}

/** What cannot be looked up is used as it is, until it is refused: looking up is a right that a token may lack. */
async function givenToken(api: Api, token: Secret): Promise<Lease> {
  try {
    const looked = await api.send({
      path: 'auth/token/lookup-self',
      about: 'say how long the token holds',
      token: token.revealText(),
    });
    const { ttl, renewable } = Looked.parse(looked.body).data;
    return { token, seconds: ttl, isRenewable: renewable };
  } catch (error) {
    if (isKeyturnError(error, 'unavailable', 'throttled', 'refused', 'unsupported')) throw error;
    return { token, seconds: 0, isRenewable: false };
  }
}
