/** The same pure function, which asks once for each argument and remembers the answer. For arguments of which there are few. */
export function remembering<A, R>(ask: (argument: A) => R): (argument: A) => R {
  const answers = new Map<A, R>();
  return (argument) => {
    const known = answers.get(argument);
    if (known !== undefined || answers.has(argument)) return known as R;
    const answer = ask(argument);
    answers.set(argument, answer);
    return answer;
  };
}

/** The same pure function of objects, which asks once for each and remembers the answer as long as the object is there. */
export function rememberingWith<A extends object, R>(ask: (argument: A) => R): (argument: A) => R {
  const answers = new WeakMap<A, R>();
  return (argument) => {
    const known = answers.get(argument);
    if (known !== undefined) return known;
    const answer = ask(argument);
    answers.set(argument, answer);
    return answer;
  };
}
