import { type Answer, type Call, json } from './http.ts';

/**
 * Keeps other web sites from using the sandbox through a person's browser; null lets a call pass. Forms posted from
 * another origin are refused. While the sandbox listens on the loopback, so is every Host header that names something
 * else: that is a foreign name rebound to this address.
 */
export function guard(listeningOn: string): (call: Call) => Answer | null {
  const local = isLoopback(listeningOn);

  return ({ method, headers: { host = '', origin } }) => {
    if (local && !isLoopback(nameOf(host))) return json(403, { error: 'the sandbox answers to loopback names only' });
    if (method !== 'GET' && origin !== undefined && hostOf(origin) !== host.toLowerCase()) {
      return json(403, { error: 'forms from another origin are refused' });
    }
    return null;
  };
}

const isLoopback = (name: string): boolean => /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[?::1\]?)$/i.test(name);

const nameOf = (host: string): string => host.replace(/:\d+$/, '');

function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}
