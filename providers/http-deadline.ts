/**
 * The end of the time that one exchange has. A timer and callbacks, because an AbortSignal costs, with its listeners and for
 * each of thousands of requests, half as much again as the request itself.
 */
export interface Deadline {
  isOver(): boolean;
  /** Called once when it is over, at once where it is already: loading what sends a request takes time, too. */
  onOver(end: () => void): void;
  /** Nothing is left to be ended. */
  clear(): void;
}

export function deadlineIn(milliseconds: number): Deadline {
  const ends: (() => void)[] = [];
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    for (const end of ends) end();
  }, milliseconds);
  return {
    isOver: () => isOver,
    onOver(end) {
      if (isOver) end();
      else ends.push(end);
    },
    clear: () => clearTimeout(timer),
  };
}
