import { remembering } from './remember.ts';

/** IPv4 and IPv6 addresses and networks, as numbers. */

export interface Network {
  version: 4 | 6;
  /** The address as written, host bits included. */
  bits: bigint;
  /** Leading bits that name the network; 32 or 128 for a single address. */
  prefix: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** Bits of an address. */
export const widthOf = (version: Network['version']): number => WIDTH[version];

/** An address, or a network as `address/prefix`; null for any other text. Many keys have the same. */
export const parseNetwork = remembering((text: string): Network | null => {
  const [, address = '', prefixText] = /^([0-9A-Fa-f.:]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const version = address.includes(':') ? 6 : 4;
  const bits = version === 6 ? ipv6(address) : ipv4(address);
  const prefix = prefixText === undefined ? WIDTH[version] : Number(prefixText);
  return bits === null || prefix > WIDTH[version] ? null : { version, bits, prefix };
});

/** The network without its host bits. */
export function baseOf({ version, bits, prefix }: Network): Network {
  const hostBits = BigInt(WIDTH[version] - prefix);
  return { version, bits: (bits >> hostBits) << hostBits, prefix };
}

export function contains(network: Network, address: Network): boolean {
  return (
    network.version === address.version && baseOf(network).bits === baseOf({ ...address, prefix: network.prefix }).bits
  );
}

/** Whether an allowlist lets an address in; what cannot be read of either counts as letting in. */
export function admits(allowlist: readonly string[], address: string): boolean {
  const caller = parseNetwork(address);
  const networks = allowlist.map(parseNetwork);
  return (
    caller === null ||
    allowlist.length === 0 ||
    networks.some((network) => network === null || contains(network, caller))
  );
}

/** As `parseNetwork` reads it; IPv6 in full, without `::`. */
export function formatNetwork({ version, bits, prefix }: Network): string {
  const [digits, size, separator, radix] = version === 4 ? ([4, 8n, '.', 10] as const) : ([8, 16n, ':', 16] as const);
  const parts = Array.from({ length: digits }, (_, place) => {
    const shift = size * BigInt(digits - 1 - place);
    return ((bits >> shift) & ((1n << size) - 1n)).toString(radix);
  });
  return parts.join(separator) + (prefix === WIDTH[version] ? '' : `/${prefix}`);
}

/** Dotted decimal without leading zeros, which some programs read as octal. */
function ipv4(text: string): bigint | null {
  const parts = text.split('.');
  const sound = parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256);
  return sound ? parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n) : null;
}

/** Eight groups; one `::` stands for the zeros that are missing. The last two groups may be an IPv4 address. */
function ipv6(text: string): bigint | null {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return null;
  const left = groups(head, { mayEndInIpv4: tail === undefined });
  const right = groups(tail ?? '', { mayEndInIpv4: true });
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const all = [...left, ...Array<bigint>(missing).fill(0n), ...right];
  return all.reduce((bits, group) => (bits << 16n) | group, 0n);
}

function groups(text: string, { mayEndInIpv4 }: { mayEndInIpv4: boolean }): bigint[] | null {
  if (text === '') return [];
  const parsed: bigint[] = [];
  const parts = text.split(':');
  for (const [place, part] of parts.entries()) {
    if (/^[0-9A-Fa-f]{1,4}$/.test(part)) {
      parsed.push(BigInt(`0x${part}`));
      continue;
    }
    const embedded = mayEndInIpv4 && place === parts.length - 1 ? ipv4(part) : null;
    if (embedded === null) return null;
    parsed.push(embedded >> 16n, embedded & 0xffffn);
  }
  return parsed;
}
