import { Argument, type Command, Option } from 'commander';
import type { Shell } from '../commands/completion.ts';
import { ALGORITHMS } from '../core/policy.ts';
import { type Act, at, output, port } from './options.ts';

/** What helps beside rotations. */
export function toolCommands(program: Command, act: Act): void {
  program
    .command('sandbox')
    .description('the exchange simulator, for trying things out')
    .option('--port <n>', 'port; 0 takes a free one', port, 8787)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--state <file>', 'where it keeps its keys', '.keyturn/sandbox.json')
    .addOption(at('start its clock there'))
    .action((options: { port: number; host: string; state: string }) =>
      act(async (io) => (await import('../commands/sandbox.ts')).sandbox(options, io)),
    );

  program
    .command('demo')
    .description('a whole rotation in seconds, explained')
    .action(() => act(async (io) => (await import('../commands/demo.ts')).demo(io)));

  program
    .command('keygen')
    .description('one key pair into files, as exchanges’ own generators do')
    .addOption(new Option('--type <type>', 'kind and size of the key').choices(ALGORITHMS).default('rsa-2048'))
    .option('--out <name>', 'writes NAME.pem and NAME.pub.pem (default: keyturn-key)')
    .addOption(new Option('--stdout', 'the private key to standard output, no files').conflicts(['out', 'output']))
    .addOption(
      new Option(
        '--passphrase-file <file>',
        'a file only you may read; its one line encrypts the private key',
      ).conflicts(['passphraseStdin', 'passphrase']),
    )
    .addOption(new Option('--passphrase-stdin', 'the first line of standard input').conflicts('passphrase'))
    .option('--no-passphrase', 'do not encrypt the private key')
    .option('--copy', 'put the public key on the clipboard of the terminal (OSC 52)')
    .addOption(output('text', 'json'))
    .action((options: import('../commands/keygen.ts').KeygenOptions) =>
      act(async (io) => (await import('../commands/keygen.ts')).keygen(options, io)),
    );

  program
    .command('completion')
    .description('a completion script for your shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish'] satisfies Shell[]))
    .action((shell: Shell) => act(async (io) => (await import('../commands/completion.ts')).completion(shell, io)));

  // What those scripts call with the words up to the cursor.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) =>
      act(async (io, common) => (await import('../commands/completion.ts')).complete(words, program, common, io)),
    );
}
