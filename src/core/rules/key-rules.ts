import { DAY, formatDuration, HOUR } from '../duration.ts';
import { type Permission, worstCaseLife } from '../policy.ts';
import { type KeyRule, keyRule, venueRule } from './rule.ts';

const TRADING: readonly Permission[] = ['spot-trade', 'margin', 'futures-trade', 'options-trade', 'fix-trade'];
const READING: readonly Permission[] = ['read', 'fix-read'];

/** 90 days of service, the most a policy can ask for, and a week for people. */
export const LONGEST_LIFE = 97 * DAY;

const purposeIsKnown = keyRule({
  id: 'schema',
  reads: ['purpose'],
  says: ({ purpose }, { purposes }) => {
    if (purposes === undefined || purposes.has(purpose)) return [];
    const known = [...purposes.keys()];
    const help = `write one of ${known.join(', ')}, or define ${purpose} under purposes`;
    return [{ at: ['purpose'], message: `there is no purpose ${purpose}`, help, unknown: { name: purpose, known } }];
  },
});

const leadIsShorter = keyRule({
  id: 'schema',
  reads: ['rotateEvery'],
  timing: ['lead'],
  says: ({ rotateEvery, schedule: { lead } }) => {
    if (lead < rotateEvery) return [];
    const message = `lead (${formatDuration(lead)}) must be shorter than rotateEvery (${formatDuration(rotateEvery)})`;
    return [{ at: ['schedule', 'lead'], message, help: 'write a shorter lead, for example 5d' }];
  },
});

const owner = keyRule({
  id: 'owner',
  reads: ['owner'],
  says: ({ owner }) => {
    if (owner !== null) return [];
    return [
      {
        at: ['owner'],
        message: 'this key has no owner',
        help: 'add owner with the team or person who answers for the key',
      },
    ];
  },
});

const ipAllowlist = keyRule({
  id: 'ip-allowlist',
  reads: ['ipAllowlist', 'permissions'],
  says: ({ ipAllowlist, permissions }) => {
    if (ipAllowlist.length > 0) return [];
    const help =
      'list the addresses its application comes from, for example ipAllowlist: [203.0.113.7], or waive ip-allowlist for this key';
    const more = permissions.filter((permission) => !READING.includes(permission));
    return more.length > 0
      ? [{ at: ['ipAllowlist'], message: `whoever gets this key can use it from anywhere (${more.join(', ')})`, help }]
      : [
          {
            severity: 'warning',
            at: ['ipAllowlist'],
            message: 'whoever gets this key can read with it from anywhere',
            help,
          },
        ];
  },
});

const withdrawAlone = keyRule({
  id: 'withdraw-alone',
  reads: ['permissions'],
  says: ({ permissions }) => {
    const trading = permissions.filter((permission) => TRADING.includes(permission));
    if (trading.length === 0 || !permissions.includes('withdraw')) return [];
    const message = `this key can withdraw and trade (${trading.join(', ')})`;
    return [{ at: ['purpose'], message, help: 'make two keys with two purposes: one that withdraws, one that trades' }];
  },
});

const withdrawAllowlist = keyRule({
  id: 'withdraw-allowlist',
  reads: ['permissions', 'ipAllowlist'],
  says: ({ permissions, ipAllowlist }) => {
    if (ipAllowlist.length > 0 || !permissions.includes('withdraw')) return [];
    const help = 'list the addresses its application comes from, for example ipAllowlist: [203.0.113.7]';
    return [{ at: ['ipAllowlist'], message: 'whoever gets this key can withdraw from anywhere', help }];
  },
});

const passphrase = keyRule({
  id: 'passphrase',
  reads: ['passphrase', 'store'],
  says: ({ passphrase, store }) => {
    if (typeof passphrase === 'object') {
      if (passphrase.store !== store) return [];
      const help = 'name a store that other people and machines may read, or write required';
      return [{ at: ['passphrase'], message: `key and passphrase would both lie in store ${store}`, help }];
    }
    if (passphrase === 'required') return [];
    const help = 'write required, or waive passphrase for this key where its application cannot open an encrypted one';
    return [{ at: ['passphrase'], message: 'the private key would be stored without a passphrase', help }];
  },
});

const algorithm = venueRule({
  id: 'algorithm',
  reads: ['algorithm', 'permissions'],
  says: ({ algorithm, permissions }, { capabilities: { title, algorithms, onlyWith } }) => {
    const at = ['algorithm'];
    if (!algorithms.includes(algorithm)) {
      return [{ at, message: `${title} does not accept ${algorithm}`, help: `write one of ${algorithms.join(', ')}` }];
    }
    return permissions.flatMap((permission) => {
      const needed = onlyWith[permission];
      if (needed === undefined || needed.includes(algorithm)) return [];
      const message = `${title} gives ${permission} to ${needed.join(' and ')} keys only`;
      return [{ at, message, help: `write algorithm: ${needed[0]}` }];
    });
  },
});

const lifeIsBounded = keyRule({
  id: 'worst-case-life',
  reads: ['rotateEvery'],
  timing: ['registerWithin', 'overlap', 'revokeWithin'],
  says: (key) => {
    const {
      rotateEvery,
      schedule: { registerWithin, overlap, revokeWithin },
    } = key;
    const life = worstCaseLife(key);
    if (life <= LONGEST_LIFE) return [];
    const sum = [rotateEvery, registerWithin, overlap, revokeWithin].map(formatDuration).join(' + ');
    const message = `a generation can live ${formatDuration(life)} (${sum}), more than ${formatDuration(LONGEST_LIFE)}`;
    return [{ at: ['rotateEvery'], message, help: 'shorten rotateEvery, registerWithin, overlap or revokeWithin' }];
  },
});

const shortOverlap = keyRule({
  id: 'short-overlap',
  reads: [],
  timing: ['overlap'],
  says: ({ schedule: { overlap } }) => {
    if (overlap >= HOUR) return [];
    const message = `an overlap of ${formatDuration(overlap)} leaves consumers no time to move over`;
    return [{ at: ['schedule', 'overlap'], message, help: 'write 1h or more, for example 24h' }];
  },
});

export const KEY_RULES: readonly KeyRule[] = [
  purposeIsKnown,
  leadIsShorter,
  owner,
  ipAllowlist,
  withdrawAlone,
  withdrawAllowlist,
  passphrase,
  algorithm,
  lifeIsBounded,
  shortOverlap,
];
