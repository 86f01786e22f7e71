import { type Command, Option } from 'commander';
import { type Act, at, output, wholeNumber } from './options.ts';

/** Writing, checking and reviewing policies. */
export function policyCommands(program: Command, act: Act): void {
  program
    .command('init')
    .description('write a first policy, keyturn.yaml, and the identities of the embedded store')
    .option('--account <name>', 'account of the first policy', 'trading')
    .option('--venue <name>', 'its venue', 'sandbox')
    .action((options: { account: string; venue: string }) =>
      act(async (io) => (await import('../commands/init.ts')).init(options, io)),
    );

  const policy = program
    .command('policy')
    .description('check, compare and test policies; print their schema, and the rights a store needs')
    .helpCommand(false);
  policy
    .command('check')
    .description('schema and rules: every problem at once')
    .argument('[paths...]', 'policy files or folders (default: --policies)')
    .addOption(output('text', 'json', 'sarif', 'junit', 'github'))
    .option('--rule <id...>', 'only what these rules say; syntax and schema always count')
    .addOption(new Option('--severity <level>', 'list only errors, or warnings too').choices(['error', 'warning']))
    .option('--max-warnings <n>', 'exit with 1 when there are more warnings', wholeNumber)
    .action((paths: string[], options: Pick<import('../commands/policy-check.ts').PolicyCheckOptions, 'output'>) =>
      act(async (io, common) =>
        (await import('../commands/policy-check.ts')).policyCheck({ ...common, ...options, paths }, io),
      ),
    );
  policy
    .command('diff')
    .description('what a change of policies means: tightened or relaxed, which keys fall due, which dates move')
    .argument('<base>', 'git revision or folder')
    .argument('<head>', 'git revision or folder')
    .addOption(output('text', 'markdown', 'json'))
    .option('--detailed-exitcode', 'exit with 2 when anything is relaxed')
    .addOption(at('what it would mean at that time'))
    .action((base: string, head: string, options: { output: 'text' | 'markdown' | 'json' }) =>
      act(async (io, common) =>
        (await import('../commands/policy-diff.ts')).comparePolicies({ ...common, ...options, base, head }, io),
      ),
    );
  policy
    .command('test')
    .description('run tests of rules (*.test.yaml)')
    .argument('[paths...]', 'test files or folders (default: --policies)')
    .addOption(output('text', 'json'))
    .action((paths: string[], options: { output: 'text' | 'json' }) =>
      act(async (io, common) =>
        (await import('../commands/policy-test.ts')).policyTest({ ...common, ...options, paths }, io),
      ),
    );
  policy
    .command('schema')
    .description('print the JSON Schema of policies')
    .option('--configuration', 'that of keyturn.yaml instead', false)
    .action(({ configuration }: { configuration: boolean }) =>
      act(async (io) => (await import('../commands/policy-schema.ts')).policySchema({ config: configuration }, io)),
    );
  policy
    .command('vault')
    .description('print the least rights a Vault or OpenBao login needs, as a policy in HCL')
    .addOption(
      new Option('--role <role>', 'worker acts, planner only looks, consumer reads current keys')
        .choices(['worker', 'planner', 'consumer', 'passphrase-consumer'])
        .default('worker'),
    )
    .option('--store <name>', 'which store, where there are several of kind vault')
    .option('--key <key>', 'for consumers of this one key: account/name')
    .action((options: import('../commands/policy-vault.ts').PolicyVaultOptions) =>
      act(async (io, common) =>
        (await import('../commands/policy-vault.ts')).policyVault({ ...common, ...options }, io),
      ),
    );

  policy
    .command('iam')
    .description('print the least-privilege IAM policy for the configured AWS Secrets Manager')
    .addOption(
      new Option('--role <role>', 'who it is for')
        .choices(['worker', 'planner', 'consumer', 'passphrase-consumer'])
        .default('worker'),
    )
    .option('--store <name>', 'which store, where several are in AWS')
    .option('--account-id <id>', 'twelve digits (default: any account)', '*')
    .option('--key <key>', 'account/name: that key only (default: all)')
    .action((options: Omit<import('../commands/policy-iam.ts').PolicyIamOptions, 'config'>) =>
      act(async (io, common) => (await import('../commands/policy-iam.ts')).policyIam({ ...common, ...options }, io)),
    );
}
