import { type Description, holderOf } from './description.ts';
import type { Secrets } from './writing.ts';

/** Tags of what was retired, of pairs and of passphrases, kept for people who want to look: a secret takes 50 tags. */
const TAGS_KEPT = 30;

/** Takes the oldest of them off: numbers are not used twice, so nobody asks for what is long gone. */
export async function forgetOldest(secrets: Secrets, description: Description): Promise<void> {
  const retired = [...description.tags.keys()]
    .flatMap((label) => {
      const [, number] = /^keyturn-[gp](\d{1,9})$/.exec(label) ?? [];
      return number !== undefined && holderOf(description, label) === null ? [{ label, number: Number(number) }] : [];
    })
    .sort((a, b) => a.number - b.number);
  const oldest = retired.slice(0, Math.max(0, retired.length - TAGS_KEPT)).map(({ label }) => label);
  if (oldest.length > 0) await secrets.untag(description.name, oldest);
}
