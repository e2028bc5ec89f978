import { fields } from "@taem/http";
import type { AppliedKeys, BusinessKey } from "@taem/kernel";
import type { AccountCommand } from "../domain/index.ts";

/** Names in two spellings are one; what an earlier program wrote under another spelling is found under it. */

/** Keys that mean the same: as they are written now, first, then as an earlier program may have written them. */
export function spellingsOfKey(key: BusinessKey): BusinessKey[] {
  const { system, id, leg } = key;
  return fields
    .spellingsOf(id)
    .flatMap((spelledId) =>
      fields.spellingsOf(leg).map((spelledLeg) => ({ system, id: spelledId, leg: spelledLeg })),
    );
}

export function canonicalKey({ system, id, leg }: BusinessKey): BusinessKey {
  return { system, id: fields.canonicalName(id), leg: fields.canonicalName(leg) };
}

/** The command with its keys as the account knows them; those that it does not know, as they are written now. */
export function inKnownSpelling(command: AccountCommand, keys: AppliedKeys): AccountCommand {
  if (!("key" in command)) return command;
  const known = (key: BusinessKey): BusinessKey => {
    const spellings = spellingsOfKey(key);
    if (spellings.length === 1) return key;
    return spellings.find((spelling) => keys.revisionOf(spelling) !== undefined) ?? canonicalKey(key);
  };
  const key = known(command.key);
  const spelled = key === command.key ? command : { ...command, key };
  if (spelled.type !== "reverse" || spelled.origin === undefined) return spelled;
  const origin = known(spelled.origin);
  return origin === spelled.origin ? spelled : { ...spelled, origin };
}
