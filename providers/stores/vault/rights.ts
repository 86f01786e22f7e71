/** Who may do what where: printed as a policy, and compared with what a login has. */

export type Role = 'worker' | 'planner' | 'consumer' | 'passphrase-consumer';
export type Capability = 'create' | 'read' | 'update' | 'delete' | 'list';

export interface Right {
  /** `+` stands for any one segment. */
  path: string;
  may: readonly Capability[];
  why: string;
}

export interface Place {
  mount: string;
  prefix: string;
}

/** The least that each role needs; consumers of one `key` need no other one. */
export function rightsOf(role: Role, { mount, prefix }: Place, key = '+/+'): Right[] {
  const at = (verb: string, document: string) => `${mount}/${verb}/${prefix}/${key}/${document}`;
  if (role === 'consumer')
    return [{ path: at('data', 'current'), may: ['read'], why: 'one whole key: apiKey, privateKey, passphrase' }];
  if (role === 'passphrase-consumer')
    return [{ path: at('data', 'passphrase/+'), may: ['read'], why: 'passphrases of keys that lie in another store' }];
  const looking: Right[] = [
    { path: `${mount}/metadata/${prefix}`, may: ['list'], why: 'which accounts there are' },
    { path: `${mount}/metadata/${prefix}/+`, may: ['list'], why: 'which keys there are' },
    { path: at('metadata', 'gen'), may: ['list'], why: 'which generations of a key there are' },
    { path: at('metadata', 'gen/+'), may: ['read'], why: 'when they were made, and whether they are destroyed' },
    { path: `${mount}/config`, may: ['read'], why: 'whether the engine would delete keys by itself' },
    { path: 'sys/capabilities-self', may: ['update'], why: 'keyturn doctor compares its rights with these' },
    { path: 'auth/token/lookup-self', may: ['read'], why: 'how long its token holds' },
    { path: 'auth/token/renew-self', may: ['update'], why: 'runs that last longer than a token' },
    { path: 'auth/token/revoke-self', may: ['update'], why: 'a login is given back at the end of a run' },
  ];
  const reading = (document: string, why: string): Right => ({ path: at('data', document), may: ['read'], why });
  if (role === 'planner')
    return [
      reading('record', 'what is known of a key, never secret'),
      reading('public/+', 'public halves'),
      reading('evidence/+', 'what was observed of finished generations'),
      ...looking,
    ];
  const once = (document: string, why: string): Right[] => [
    { path: at('data', document), may: ['create', 'read'], why: `${why}, written once and never over` },
    ...(document === 'gen/+' ? [] : [{ path: at('metadata', document), may: ['read'] as const, why: 'the same' }]),
  ];
  return [
    { path: at('data', 'record'), may: ['create', 'read', 'update'], why: 'what is known of a key, never secret' },
    { path: at('data', 'current'), may: ['create', 'read', 'update'], why: 'what consumers read' },
    { path: at('metadata', 'current'), may: ['read'], why: 'which of its versions are destroyed' },
    { path: at('destroy', 'current'), may: ['update'], why: 'copies of a dead key in older versions' },
    { path: at('destroy', 'gen/+'), may: ['update'], why: 'the private half of a key that is proven dead' },
    ...once('gen/+', 'key pairs'),
    ...once('passphrase/+', 'passphrases of keys that lie in another store'),
    { path: at('destroy', 'passphrase/+'), may: ['update'], why: 'the passphrase of a key that is proven dead' },
    ...once('public/+', 'public halves'),
    ...once('api-key/+', 'key ids'),
    ...once('evidence/+', 'what was observed of finished generations'),
    ...looking,
  ];
}

/** What would let a worker, or whoever takes its login, undo what the store promises. */
export const excessOf = ({ mount, prefix }: Place): Right[] => [
  { path: `${mount}/data/${prefix}/+/+/gen/+`, may: ['update', 'delete'], why: 'overwrite or delete key pairs' },
  {
    path: `${mount}/data/${prefix}/+/+/passphrase/+`,
    may: ['update', 'delete'],
    why: 'overwrite or delete passphrases',
  },
  { path: `${mount}/metadata/${prefix}/+/+/gen/+`, may: ['delete'], why: 'make numbers of generations free again' },
  { path: `${mount}/metadata/${prefix}/+/+/record`, may: ['delete'], why: 'let a key be forgotten' },
  { path: `${mount}/undelete/${prefix}/+/+/gen/+`, may: ['update'], why: 'bring back what was deleted' },
];
