import { BlockList, isIP } from 'node:net';
import { KeyturnError } from '../errors.ts';

const MAX_ENTRIES = 30;

/** Reads addresses and networks in CIDR notation, apart by commas or white space. Throws `invalid`. */
export function parseAllowlist(text: string): string[] {
  const entries = [...new Set(text.split(/[\s,;]+/).filter((entry) => entry !== ''))];
  if (entries.length === 0) {
    throw new KeyturnError('invalid', 'the list of trusted addresses is empty', {
      hint: 'write at least one address, or choose Unrestricted',
    });
  }
  if (entries.length > MAX_ENTRIES) {
    throw new KeyturnError('invalid', `a key takes at most ${MAX_ENTRIES} addresses, not ${entries.length}`);
  }
  const wrong = entries.find((entry) => networkOf(entry) === null);
  if (wrong === undefined) return entries;
  throw new KeyturnError('invalid', `${wrong} is neither an address nor a network`, {
    hint: 'write addresses such as 203.0.113.7 or networks such as 203.0.113.0/28',
  });
}

/** Whether requests from this address are let in; null is a key that is not tied to addresses. */
export function admits(allowlist: readonly string[] | null, address: string): boolean {
  if (allowlist === null) return true;
  const networks = new BlockList();
  for (const entry of allowlist) {
    const network = networkOf(entry);
    if (network !== null) networks.addSubnet(network.address, network.bits, network.family);
  }
  const family = isIP(address);
  return family !== 0 && networks.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

function networkOf(entry: string): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | null {
  const [, address = '', length] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const version = isIP(address);
  if (version === 0) return null;
  const widest = version === 4 ? 32 : 128;
  const bits = length === undefined ? widest : Number(length);
  return bits <= widest ? { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' } : null;
}
