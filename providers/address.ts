/** Where anything secret or signed may be sent. */

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether this is an address on this machine, so that nothing sent there is ever on a wire. */
export const isLoopback = (url: string): boolean => URL.canParse(url) && LOOPBACK.test(new URL(url).hostname);

/** Whether what is sent there is encrypted on its way, or never on a wire. */
export function isSafeAddress(url: string): boolean {
  const protocol = URL.canParse(url) ? new URL(url).protocol : null;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(url));
}
