/** What somebody gave a script as a number: a slip must not pass for a run in which nothing was tried. */
export function wholeNumber(option: string, text: string, atLeast = 1): number {
  if (/^\d{1,10}$/.test(text) && Number(text) >= atLeast) return Number(text);
  throw new Error(`${option} takes a whole number from ${atLeast} on, not ${text}`);
}
