/** Whose keys live through the year, and how long people take over what they are asked. */

export const FROM = '2026-01-01';
export const UNTIL = '2027-01-01';

/** As many of each desk. The nights are those in which Europe changes its clocks, the office is open on the working days of New York. */
export const policyOf = (count: number): string => `apiVersion: keyturn/v1
account: desk
venue: exchange
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys:
${Array.from({ length: count }, (_, index) => entriesOf(index + 1)).join('')}`;

const entriesOf = (number: number): string => `  - name: night-${number}
    application: bot-${number}
    purpose: spot-trading
    rotateEvery: 30d
    owner: desk-a
    schedule: { lead: 8d, windows: [{ days: [sun], from: "00:00", to: "08:00", timeZone: Europe/London }] }
  - name: office-${number}
    application: hedger-${number}
    purpose: futures-trading
    rotateEvery: 30d
    owner: desk-b
    schedule: { windows: [{ days: [mon, tue, wed, thu], from: "09:00", to: "16:00", timeZone: America/New_York }] }
`;

/** Mostly at once or after a few hours, sometimes after half of the time, sometimes days too late. */
export const HOURS_FOR_PEOPLE = [0, 0, 0, 0, 0, 6, 6, 45, 45, 110] as const;
