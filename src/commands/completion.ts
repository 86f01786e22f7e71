import type { Command, Option } from 'commander';
import { EXIT, type ExitStatus } from '../exit.ts';
import { hasErrors } from '../policy-files.ts';
import { check, type WorkspaceOptions } from '../workspace.ts';
import type { CommandIo } from './io.ts';

/** Completion: a script for the shell, which asks `keyturn complete` what may stand where the cursor is. */

export type Shell = 'bash' | 'zsh' | 'fish';

export async function completion(shell: Shell, { stdout }: CommandIo): Promise<ExitStatus> {
  stdout.write(SCRIPTS[shell]);
  return EXIT.OK;
}

/** Where keyturn offers nothing, a file is meant: the shell completes those. */
const SCRIPTS: Record<Shell, string> = {
  bash: `# in ~/.bashrc: source <(keyturn completion bash)
_keyturn() {
  local candidate
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("$candidate")
  done < <(keyturn complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _keyturn keyturn
`,
  zsh: `#compdef keyturn
# in ~/.zshrc, after compinit: source <(keyturn completion zsh)
_keyturn() {
  local -a candidates
  candidates=(\${(f)"$(keyturn complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#candidates )); then
    compadd -a candidates
  else
    _files
  fi
}
if [ "$funcstack[1]" = _keyturn ]; then
  _keyturn "$@"
else
  compdef _keyturn keyturn
fi
`,
  fish: `# keyturn completion fish > ~/.config/fish/completions/keyturn.fish
function __keyturn_candidates
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  set -l candidates (keyturn complete -- $before[2..-1] "$current" 2>/dev/null)
  if test (count $candidates) -gt 0
    printf '%s\\n' $candidates
  else
    __fish_complete_path "$current"
  end
end
complete -c keyturn -f -a '(__keyturn_candidates)'
`,
};

/** Prints what may stand in place of the last word, one a line. Whatever goes wrong, a person at a prompt hears nothing of it. */
export async function complete(
  words: readonly string[],
  program: Command,
  common: WorkspaceOptions,
  { stdout }: CommandIo,
): Promise<ExitStatus> {
  const { allowed, prefix } = await candidates(words, program, common);
  stdout.write(
    allowed
      .filter((word) => word.startsWith(prefix))
      .map((word) => `${word}\n`)
      .join(''),
  );
  return EXIT.OK;
}

async function candidates(
  words: readonly string[],
  program: Command,
  common: WorkspaceOptions,
): Promise<{ allowed: string[]; prefix: string }> {
  const { command, waiting, operands, given } = positionAfter(words.slice(0, -1), program);
  const last = words.at(-1) ?? '';
  // Bash takes the = of --option=value for a word of its own.
  const prefix = last === '=' ? '' : last;
  if (waiting) return { allowed: waiting.argChoices ?? [], prefix };
  const [flag, value] = split(prefix);
  if (value !== undefined) {
    const choices = optionNamed(flag, command)?.argChoices ?? [];
    return { allowed: choices.map((choice) => `${flag}=${choice}`), prefix };
  }
  if (prefix.startsWith('-')) return { allowed: flagsOf(command), prefix };
  if (command.commands.length > 0) {
    return {
      allowed: command
        .createHelp()
        .visibleCommands(command)
        .map((each) => each.name()),
      prefix,
    };
  }
  const argument = command.registeredArguments[operands];
  if (argument?.name() === 'key') return { allowed: await keyIds({ ...common, ...given }), prefix };
  return { allowed: argument?.argChoices ?? [], prefix };
}

interface Position {
  command: Command;
  /** The option whose value comes next. */
  waiting: Option | null;
  /** How many of the command’s own arguments stand before. */
  operands: number;
  /** Values of options by name. */
  given: Record<string, string>;
}

function positionAfter(words: readonly string[], program: Command): Position {
  const position: Position = { command: program, waiting: null, operands: 0, given: {} };
  for (const word of words) {
    if (word === '=') continue;
    if (position.waiting) {
      position.given[position.waiting.attributeName()] = word;
      position.waiting = null;
      continue;
    }
    if (word.startsWith('-')) {
      const [flag, value] = split(word);
      const option = optionNamed(flag, position.command);
      if (!option?.required) continue;
      if (value === undefined) position.waiting = option;
      else position.given[option.attributeName()] = value;
      continue;
    }
    const subcommand = position.command.commands.find((each) => each.name() === word);
    if (subcommand) position.command = subcommand;
    else position.operands += 1;
  }
  return position;
}

/** `--flag=value` in two. */
function split(word: string): [flag: string, value?: string] {
  const at = word.indexOf('=');
  return word.startsWith('--') && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word];
}

/** A command’s own options and those of the commands above it, which may stand anywhere. */
function optionsOf(command: Command): Option[] {
  const own = command.createHelp().visibleOptions(command);
  return command.parent ? [...own, ...optionsOf(command.parent)] : own;
}

const optionNamed = (flag: string, command: Command): Option | undefined =>
  optionsOf(command).find(({ short, long }) => flag === short || flag === long);

const flagsOf = (command: Command): string[] => [
  ...new Set(optionsOf(command).flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined))),
];

async function keyIds(options: WorkspaceOptions): Promise<string[]> {
  try {
    const { keys, problems } = await check(options);
    return hasErrors(problems) ? [] : keys.map(({ id }) => id);
  } catch {
    return [];
  }
}
