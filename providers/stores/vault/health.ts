import * as z from 'zod/mini';
import { isKeyturnError, KeyturnError } from '../../../src/errors.ts';
import type { Session } from './session.ts';

/** Whether the server, and what is mounted there, can be used at all. */

/** By the answer’s body; the codes say the same, and load balancers and clients take some of them for failures. */
const HEALTH = 'sys/health?standbyok=true&perfstandbyok=true&sealedcode=200&uninitcode=200&drsecondarycode=200';

const Health = z.object({
  initialized: z.boolean(),
  sealed: z.boolean(),
  standby: z.boolean(),
  performance_standby: z._default(z.boolean(), false),
  replication_dr_mode: z._default(z.string(), 'disabled'),
});

/** Throws `unavailable` for a server that serves nobody. Says whether the node is a standby, whose reads may lag. */
export async function assertServing(session: Session): Promise<{ isStandby: boolean }> {
  const about = 'say how it is';
  const health = Health.safeParse((await session.ask({ path: HEALTH, about })).body).data;
  if (!health)
    throw new KeyturnError('unsupported', 'what answers at this address is neither Vault nor OpenBao', {
      hint: 'check address in keyturn.yaml',
    });
  const { initialized, sealed, standby, performance_standby, replication_dr_mode } = health;
  if (!initialized)
    throw new KeyturnError('unavailable', 'Vault is not initialised', { hint: 'bao operator init, then unseal it' });
  if (sealed)
    throw new KeyturnError('unavailable', 'Vault is sealed', {
      hint: 'unseal it (bao operator unseal), then run again',
    });
  if (replication_dr_mode === 'secondary')
    throw new KeyturnError('unavailable', 'this Vault is a disaster-recovery secondary, which serves nobody', {
      hint: 'let address name the primary cluster',
    });
  return { isStandby: standby || performance_standby };
}

const Mount = z.object({
  data: z.object({
    path: z.string(),
    type: z.string(),
    options: z.optional(z.nullable(z.object({ version: z.optional(z.string()) }))),
  }),
});

/** Throws unless a KV version 2 engine is mounted there, or when the login has no rights in it. */
export async function assertKv2(session: Session, mount: string): Promise<void> {
  const about = `show what is mounted at ${mount}`;
  // Apart, so that not being let in is not taken for lacking rights.
  await session.logIn();
  const { body, status } = await session.send({ path: `sys/internal/ui/mounts/${mount}`, about }).catch((error) => {
    if (!isKeyturnError(error, 'denied')) throw error;
    throw new KeyturnError('denied', `nothing is mounted at ${mount}, or the login has no rights there`, {
      hint: 'check mount and namespace in keyturn.yaml; keyturn policy vault prints the rights the login needs',
    });
  });
  const found = Mount.safeParse(body).data?.data;
  if (status === 200 && found?.path === `${mount}/` && found.type === 'kv' && found.options?.version === '2') return;
  const isKv1 = found?.path === `${mount}/` && found.type === 'kv';
  throw new KeyturnError(
    'unsupported',
    isKv1
      ? `the engine at ${mount} is KV version 1, which keeps no versions and knows no compare-and-swap`
      : `at ${mount} no KV version 2 engine is mounted`,
    {
      hint: isKv1
        ? `bao kv enable-versioning ${mount}, or name another mount in keyturn.yaml`
        : 'check mount in keyturn.yaml; bao secrets enable -version=2 kv mounts one',
    },
  );
}

const Config = z.object({ data: z.object({ max_versions: z.number(), delete_version_after: z.string() }) });

/** What the engine does with versions by itself; null where the login may not look. */
export async function engineConfig(
  session: Session,
  mount: string,
): Promise<{ keepsVersions: number; deletesAfter: string | null } | null> {
  try {
    const reply = await session.send({ path: `${mount}/config`, about: `show the configuration of ${mount}` });
    const { max_versions, delete_version_after } = Config.parse(reply.body).data;
    // 0 stands for the default.
    return {
      keepsVersions: max_versions || 10,
      deletesAfter: delete_version_after === '0s' ? null : delete_version_after,
    };
  } catch (error) {
    if (isKeyturnError(error, 'denied')) return null;
    throw error;
  }
}

export const vanishing = (mount: string, after: string) => ({
  message: `the engine at ${mount} deletes every version after ${after}, keys in use among them`,
  hint: `bao write ${mount}/config delete_version_after=0s`,
});
