/** IAM as far as policies for secrets need it: allow statements, wildcards, and conditions on the staging label. */

export interface Policy {
  Statement: {
    Effect: 'Allow';
    Action: string[];
    Resource: string;
    Condition?: Record<string, Record<string, string>>;
  }[];
}

export interface Request {
  /** `secretsmanager:GetSecretValue`. */
  action: string;
  resource: string;
  /** Condition keys of this request; one that is not there fits no condition. */
  context: Readonly<Record<string, string | undefined>>;
}

export const isAllowed = (policies: readonly Policy[], request: Request): boolean =>
  policies
    .flatMap(({ Statement }) => Statement)
    .some(
      ({ Effect, Action, Resource, Condition = {} }) =>
        Effect === 'Allow' &&
        Action.some((action) => matches(action, request.action)) &&
        matches(Resource, request.resource) &&
        Object.entries(Condition).every(([operator, keys]) => holds(operator, keys, request.context)),
    );

function holds(operator: string, keys: Record<string, string>, context: Request['context']): boolean {
  return Object.entries(keys).every(([key, wanted]) => {
    const actual = context[key];
    if (actual === undefined) return false;
    if (operator === 'StringEquals') return actual === wanted;
    if (operator === 'StringLike') return matches(wanted, actual);
    throw new Error(`the fake does not know the condition operator ${operator}`);
  });
}

/** `*` any number of characters, `?` one. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}
