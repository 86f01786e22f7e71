import type { NoInformation } from './probe.ts';

/**
 * Every reason keyturn gives for doing something, for waiting, or for holding still. Codes are stable; sentences may
 * change. `docs/life-of-a-key.md` is generated from this table.
 */

export interface ReasonEntry {
  /** What is the case. */
  means: string;
  /** What a person does about it; null when nothing is to be done. */
  todo: string | null;
}

const entry = (means: string, todo: string | null = null): ReasonEntry => ({ means, todo });

/** Why an action is the next one. */
const ACTING = {
  'first-generation': entry(
    'The policy names a key that has never had a pair.',
    'If the key exists at the venue already, finish this rotation and delete the other one there.',
  ),
  due: entry('The current generation comes to the end of its interval within the lead time.'),
  'missed-window': entry(
    'The key is due and no window opened in its lead time, so keyturn acts outside its windows.',
    'Widen the windows, or set onMissedWindow: wait.',
  ),
  requested: entry('Somebody asked for a rotation with keyturn rotate.'),
  replacement: entry('The current generation is compromised or gone, and nothing replaces it yet.'),
  'generation-unfinished': entry(
    'A pair was being made when a run stopped; what is stored is taken over, what is not is made.',
  ),
  'not-asked': entry('A pair is stored and its public half is registered nowhere.'),
  unverified: entry('A key id was handed in and has not worked with exactly the permissions of its purpose yet.'),
  'verification-stale': entry(
    'The next generation was verified a while ago; it is checked again before consumers get it.',
  ),
  verified: entry('The next generation works with exactly the permissions of its purpose.'),
  'promotion-unfinished': entry('A promotion was under way when a run stopped; it is completed.'),
  'rollback-unfinished': entry('Consumers were being moved back when a run stopped; it is completed.'),
  attested: entry('Somebody stated that the key is deleted, where keyturn cannot prove it.'),
  'overlap-ended': entry('Consumers had the time of the overlap to move to the current generation.'),
  compromised: entry('Somebody declared the generation compromised: it goes first, without overlap.'),
  'deletion-unproven': entry('Deletion was asked for; a probe group looks whether the key still works.'),
  'never-shown': entry(
    'The generation was given up before anybody saw its public half, so it can be registered nowhere.',
  ),
  'destruction-unfinished': entry('Material was being destroyed when a run stopped; it is completed.'),
} as const;

/** Why nothing is to be done now. */
const WAITING = {
  'not-due': entry('The current generation is young enough.'),
  'outside-window': entry(
    'Windows or a freeze hold back generating, asking people and promoting.',
    'Nothing; or change windows and freezes in the policy.',
  ),
  'waiting-for-registration': entry(
    'A person was asked to register the public key.',
    'keyturn task KEY shows what to do; hand the key id in with keyturn register KEY.',
  ),
  'registration-overdue': entry(
    'The public key was to be registered by now.',
    'keyturn task KEY shows what to do; hand the key id in with keyturn register KEY.',
  ),
  'fix-needed': entry(
    'The registered key is not what its policy says; it will not be promoted until it is.',
    'keyturn task KEY names the switches to change; keyturn verify KEY checks at once.',
  ),
  'rolled-back': entry(
    'The previous generation was brought back; it is left alone for 7 days.',
    'Find out what was wrong, then keyturn rotate KEY --reason TEXT.',
  ),
  overlap: entry('Both keys live, consumers move over.'),
  'waiting-for-deletion': entry(
    'A person was asked to delete the previous key; it still works or was not seen deleted.',
    'keyturn task KEY shows what to delete; keyturn verify KEY checks at once.',
  ),
  'deletion-overdue': entry(
    'The previous key was to be deleted by now and is not proven dead.',
    'Delete it: keyturn task KEY shows where. No further scheduled rotation of this key starts before.',
  ),
  'proof-waits': entry(
    'A probe group saw the key deleted; the next one must be some time later.',
    'Nothing; keyturn apply or keyturn verify KEY confirms it then.',
  ),
  'blocked-by-debt': entry(
    'A rotation is due or requested, but a previous generation is not proven dead yet.',
    'Have the previous key deleted (keyturn task KEY); a compromised key does not wait for that.',
  ),
  'venue-limit': entry(
    'The account holds as many keys as the venue allows; one must be proven dead first.',
    'Have the previous keys of the account deleted: keyturn tasks.',
  ),
  claimed: entry(
    'Another worker is in the middle of a step for this key.',
    'Nothing; after a crash the claim ends by itself.',
  ),
  uncovered: entry(
    'The store has a record that no policy names: nothing is generated and nothing is deleted.',
    'Bring the key back into a policy; or let its successor go on with it: keyturn adopt KEY --from OLD, or formerly in the policy.',
  ),
} as const;

/** Why nothing may be done before somebody has looked. */
const HOLDING = {
  'record-unreadable': entry(
    'The record is there but cannot be read, or its store, or another one that may have it, did not answer: unknown is not absent.',
    'Follow the hint of the error; nothing was changed.',
  ),
  'record-lost': entry(
    'The store has key material but no record, or the record vanished in the middle of a run: it was lost, or belongs to something else.',
    'Restore the record from a backup of the store, or move the material away if it is not keyturn’s.',
  ),
  'moved-store': entry(
    'The record of this key lies in another configured store than the policy says.',
    'Set the policy’s store back, or move the key on purpose.',
  ),
  'carried-over': entry(
    'The record of this name was carried over to another key; nothing is done under the old name.',
    'Give the key another name, or remove it from the policy.',
  ),
  'carry-over-unfinished': entry(
    'The record of this key was being carried over from another name when a run stopped.',
    'keyturn adopt KEY --from OLD once more ends it; nothing is lost.',
  ),
} as const;

/** What came of an action. */
const OUTCOMES = {
  generated: entry('A fresh pair is stored, read back and checked.'),
  'registration-asked': entry('The registration task is open.', 'keyturn task KEY shows what to do.'),
  promoted: entry('Consumers read this generation from now on.'),
  'deletion-asked': entry('The deletion task is open.', 'keyturn task KEY shows what to do.'),
  'seen-dead': entry(
    'A probe group saw the venue refuse the key exactly as a key it does not know.',
    'Nothing; a later group confirms it.',
  ),
  'proven-dead': entry('Enough probe groups, far enough apart, saw it dead: the revocation is proven.'),
  destroyed: entry('The private half is erased; public half and evidence are kept.'),
  works: entry('A signed read with this key succeeded.'),
  'still-works': entry('A signed read with a key that should be deleted succeeded.', 'Delete it at the venue.'),
  'current-unproven': entry(
    'The current key did not work just now, so nobody is asked to delete the previous one.',
    'Find out why: keyturn verify KEY. If it was deleted by mistake: keyturn rotate KEY --compromised replaces it at once.',
  ),
  'no-live-control': entry(
    'No other generation of this key is known to work, so a refusal would prove nothing.',
    'Register and verify the next generation.',
  ),
  'control-refused': entry(
    'The key that must work was refused together with the one in question.',
    'Check its allowlist: keyturn’s own address must be on it. If it was deleted by mistake: keyturn rotate KEY --compromised replaces it at once.',
  ),
  'controls-alike': entry(
    'The venue answers an unknown key as it answers a refused address or permission.',
    'Probe again; if it stays so, compare with the venue’s key list by hand, then keyturn attest KEY --reason TEXT.',
  ),
  'stranger-accepted': entry(
    'A key that cannot exist was accepted, so something in between answers in place of the venue.',
    'Look for a proxy or cache between this machine and the venue, and check baseUrl.',
  ),
  contradictory: entry(
    'The venue accepted the key at one endpoint and refused it at another.',
    'Run again; if it stays so, look at the key on the venue’s page.',
  ),
  'still-known': entry(
    'The venue refuses the key, but not as one it does not know: disabled or restricted, not deleted.',
    'Delete it at the venue.',
  ),
  'signature-refused': entry(
    'The venue knows the key id, but not with this public key.',
    'Check that the right key was deleted.',
  ),
  'no-baseline': entry(
    'This generation never answered while it was alive, so silence proves nothing.',
    'Compare with the venue’s key list by hand.',
  ),
  'like-baseline': entry('The key answers as it did while it was alive.', 'Check that the right key was deleted.'),
  'not-listed': entry('The venue’s own list of the account’s keys does not have the key any more: definitive.'),
  'still-listed': entry('The venue lists the key among those of the account.', 'Delete it at the venue.'),
  'list-incomplete': entry(
    'The venue’s list of keys lacks one that must be there, so it may be that of another account.',
    'Check the managing key named in keyturn.yaml.',
  ),
  'no-private-half': entry(
    'The store does not have the private half, so this key cannot be probed.',
    'Compare with the venue’s key list by hand, then keyturn attest KEY --reason TEXT.',
  ),
  registered: entry('The public half is registered at the venue by API.'),
  removed: entry('The key was deleted at the venue by API; proof follows.'),
  'no-key-id': entry(
    'No key id was ever handed in for this generation, so there is nothing to probe.',
    'If it was registered, hand in its id with keyturn register KEY; if it never was, keyturn attest KEY --reason TEXT.',
  ),
  refused: entry('The venue refused the key.', 'keyturn verify KEY says more.'),
} as const;

/** Why the venue’s answer says nothing about a key. */
const TROUBLE = {
  network: entry('The venue could not be reached.', 'Check address, proxy and network from this machine.'),
  timeout: entry('The venue did not answer in time.', 'Try again; check the network if it stays so.'),
  'unexpected-answer': entry(
    'What answered did not speak the venue’s API.',
    'Check baseUrl, and for a proxy or login page in between.',
  ),
  'server-error': entry('The venue reported an internal error.', 'Wait.'),
  maintenance: entry('The venue is under maintenance.', 'Wait.'),
  'rate-limited': entry('The venue limits the rate of requests.', 'Wait.'),
  banned: entry('The venue banned this address for a while.', 'Wait, and look for what else sends requests from here.'),
  blocked: entry('The venue’s firewall blocked the request.', 'Check what else sends requests from this address.'),
  'clock-skew': entry('This machine’s clock and the venue’s differ by more than a minute.', 'Set the clock (NTP).'),
  'second-factor': entry(
    'The venue wants a second factor for what keyturn asked.',
    'Only a person has it: let the account do without one for reading its keys, or have a person look.',
  ),
  'other-server': entry(
    'What answered showed another host key than the pinned one: the server was changed, or something stands in between.',
    'Compare host keys on the server itself, then correct hostKey in keyturn.yaml.',
  ),
  'no-probe': entry(
    'keyturn.yaml has no probe for this venue, so neither life nor death of its keys can be seen.',
    'Configure a probe; or look by hand, then keyturn attest KEY --reason TEXT.',
  ),
  'malformed-key-id': entry(
    'The stored key id is not one the venue could have issued.',
    'Hand the right one in with keyturn register KEY.',
  ),
} as const satisfies Record<NoInformation, ReasonEntry>;

export const REASONS = { ACTING, WAITING, HOLDING, OUTCOMES, TROUBLE } as const;

export type Reason = { [G in keyof typeof REASONS]: keyof (typeof REASONS)[G] }[keyof typeof REASONS];
