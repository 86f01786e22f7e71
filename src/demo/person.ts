import type { Task } from '../core/tasks.ts';
import { KeyturnError } from '../errors.ts';

/**
 * The person of the demo: does on the sandbox’s page what a card says, through the same forms a browser posts. `always`: what
 * else goes into the form of every new key.
 */
export function personAt(
  page: string,
  switchFields: ReadonlyMap<string, string>,
  always: Readonly<Record<string, string>> = {},
) {
  const post = async (action: 'create' | 'delete', fields: Record<string, string>): Promise<{ apiKey: string }> => {
    const form = new URL(page);
    form.pathname += `/${action}`;
    const response = await fetch(form, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(fields),
    });
    if (!response.ok)
      throw new KeyturnError('unavailable', `the sandbox refused to ${action} a key (HTTP ${response.status})`);
    return (await response.json()) as { apiKey: string };
  };
  return {
    /** Creates the key a card describes; returns the key id the page shows. */
    async register({ label, publicKey, switches, ipAllowlist }: Task): Promise<string> {
      const on = switches.on.map((words) => [switchFields.get(words) ?? words, 'on']);
      const { apiKey } = await post('create', {
        ...always,
        label,
        publicKey,
        ...Object.fromEntries(on),
        ipRestrict: 'on',
        ipAllowlist: ipAllowlist.join(','),
      });
      return apiKey;
    },
    async delete({ apiKey }: Task): Promise<void> {
      await post('delete', { apiKey: apiKey ?? '' });
    },
  };
}
