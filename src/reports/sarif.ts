import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CustomRule, isBuiltIn, RULES, type RuleId } from '../core/rules.ts';
import type { Problem } from '../problems.ts';
import { ruleMarkdown, rulePage, sentence } from '../rules-page.ts';
import { VERSION } from '../version.ts';
import { fingerprintsOf } from './fingerprints.ts';
import type { CheckReport } from './report.ts';

/** SARIF 2.1.0, as code scanning of GitHub, Azure DevOps and editors read it. Waived problems are suppressed results. */
export function sarifReport({ rules, custom, problems }: CheckReport): string {
  const fingerprints = fingerprintsOf(problems);
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'keyturn',
            version: VERSION,
            informationUri: 'https://www.npmjs.com/package/keyturn',
            rules: rules.map((id) => descriptorOf(id, custom)),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: problems.map((problem, place) => ({
          ...resultOf(problem),
          ruleIndex: rules.indexOf(problem.rule),
          partialFingerprints: { 'keyturnProblem/v1': fingerprints[place] },
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function descriptorOf(id: RuleId, custom: readonly CustomRule[]) {
  if (!isBuiltIn(id)) return customDescriptorOf(id, custom);
  const { severity, demands, why, mend } = RULES[id];
  return {
    id,
    name: id.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: sentence(demands) },
    fullDescription: { text: why },
    help: { text: mend, markdown: ruleMarkdown(id) },
    helpUri: rulePage(id),
    defaultConfiguration: { level: severity },
  };
}

function customDescriptorOf(id: RuleId, custom: readonly CustomRule[]) {
  const rule = custom.find((one) => one.id === id);
  return {
    id,
    ...(rule && {
      shortDescription: { text: sentence(rule.message) },
      help: { text: rule.help },
      defaultConfiguration: { level: rule.severity },
    }),
  };
}

function resultOf({ rule, severity, message, help, file, line, column, key, waived }: Problem) {
  return {
    ruleId: rule,
    level: severity,
    message: { text: `${message}; ${help}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: artifact(file),
          region: { startLine: line, startColumn: column },
        },
        ...(key === null ? {} : { logicalLocations: [{ fullyQualifiedName: key, kind: 'member' }] }),
      },
    ],
    ...(waived ? { suppressions: [{ kind: 'inSource' }] } : {}),
  };
}

/** Relative to the folder the check ran in, which code scanning takes for the top of the repository. */
const artifact = (file: string) =>
  isAbsolute(file)
    ? { uri: pathToFileURL(file).href }
    : { uri: file.split(/[/\\]/).map(encodeURIComponent).join('/'), uriBaseId: '%SRCROOT%' };
