import { EXIT, type ExitStatus } from '../exit.ts';
import { configurationJsonSchema, policyJsonSchema } from '../json-schemas.ts';
import { KINDS } from '../wire.ts';
import type { CommandIo } from './io.ts';

/** The JSON Schema that editors check policies, or keyturn.yaml, with. */
export async function policySchema({ config }: { config: boolean }, io: CommandIo): Promise<ExitStatus> {
  const schema = config ? await configurationJsonSchema(KINDS) : policyJsonSchema();
  io.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
  return EXIT.OK;
}
