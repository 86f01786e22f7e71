import { readFileSync } from 'node:fs';

/** The YAML examples of a page, by the file name that their first line says. Later ones of the same name are numbered from 2. */
export function examplesOf(page: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', text = ''] of readFileSync(page, 'utf8').matchAll(/```yaml\n# (\S+)\n(.*?)```/gs)) {
    const count = Object.keys(found).filter((each) => each.startsWith(name)).length;
    found[count === 0 ? name : `${name} ${count + 1}`] = text;
  }
  return found;
}
