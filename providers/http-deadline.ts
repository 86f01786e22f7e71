/**
 * The end of the time that one exchange has. A timer and callbacks, because an AbortSignal costs, with its listeners and for
 * each of thousands of requests, half as much again as the request itself.
 */
export interface Deadline {
  isOver(): boolean;
  /** Called when it is over; each of them, and at most once. */
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
    onOver: (end) => void ends.push(end),
    clear: () => clearTimeout(timer),
  };
}
