import { admits, baseOf, formatNetwork, parseNetwork } from '../address.ts';
import { type KeyRule, keyRule, type Remark, venueRule } from './rule.ts';

/** 256 addresses; for IPv6 the smallest network that is handed out, since one customer owns all of it. */
const WIDEST = { 4: 24, 6: 64 } as const;

const entriesAreSound = keyRule({
  id: 'allowlist-entry',
  reads: ['ipAllowlist'],
  says: ({ ipAllowlist }) =>
    ipAllowlist.flatMap((entry, place) => {
      const fault = faultOf(entry);
      return fault === null ? [] : [{ at: ['ipAllowlist', place], ...fault }];
    }),
});

/** What cannot be read is not repeated: it may be anything, a secret too. */
function faultOf(entry: string): Omit<Remark, 'at'> | null {
  const network = parseNetwork(entry);
  if (network === null) {
    return {
      message: 'this is neither an address nor a network',
      help: 'write an address such as 203.0.113.7, or a network such as 203.0.113.0/28',
    };
  }
  const widest = WIDEST[network.version];
  if (network.prefix < widest) {
    return {
      message: `${entry} is wider than /${widest}`,
      help: `list single addresses, or networks of /${widest} or narrower`,
    };
  }
  if (network.bits === 0n) {
    return {
      message: `${entry} is no address anybody comes from; services take it for “every address”`,
      help: 'list the addresses the application comes from',
    };
  }
  const base = baseOf(network);
  if (base.bits === network.bits) return null;
  const single = entry.slice(0, entry.indexOf('/'));
  return {
    message: `${entry} has host bits set`,
    help: `write ${formatNetwork(base)} for the network, or ${single} for the one address`,
  };
}

const venueTakesEntries = venueRule({
  id: 'allowlist-entry',
  reads: ['ipAllowlist'],
  says: ({ ipAllowlist }, { capabilities: { title, limits } }) => {
    const remarks: Remark[] = [];
    if (ipAllowlist.length > limits.allowlistEntries)
      remarks.push({ at: ['ipAllowlist'], ...tooMany(ipAllowlist.length, limits.allowlistEntries, title) });
    for (const [place, entry] of ipAllowlist.entries()) {
      if (limits.ipv6 || !isIpv6(entry)) continue;
      const help = 'write the IPv4 address the application comes from';
      remarks.push({ at: ['ipAllowlist', place], message: `${title} takes no IPv6 addresses`, help });
    }
    return remarks;
  },
});

/** A service of which keyturn.yaml says nothing else ties keys to no addresses. */
const tooMany = (entries: number, most: number, title: string): Pick<Remark, 'message' | 'help'> =>
  most === 0
    ? {
        message: `${title} takes no allowlist`,
        help: 'leave it empty and waive ip-allowlist for the key; if it does take one, say how long under limits of the venue',
      }
    : {
        message: `${entries} entries are more than the ${most} that ${title} takes`,
        help: 'join neighbouring addresses into networks, or let applications share an egress',
      };

const isIpv6 = (entry: string): boolean => entry.includes(':') && parseNetwork(entry) !== null;

const probesComeThrough = venueRule({
  id: 'probe-egress',
  reads: ['ipAllowlist'],
  says: ({ ipAllowlist }, { insideAddress }) => {
    if (insideAddress === null || admits(ipAllowlist, insideAddress)) return [];
    const message = `keyturn’s own address ${insideAddress} is not on this list, so the venue will refuse every probe`;
    return [
      {
        at: ['ipAllowlist'],
        message,
        help: `add ${insideAddress}, or name another egress as inside of the venue in keyturn.yaml`,
      },
    ];
  },
});

export const ALLOWLIST_RULES: readonly KeyRule[] = [entriesAreSound, venueTakesEntries, probesComeThrough];
