export {
  type BusinessClock,
  businessNow,
  type Currency,
  evolveProgramme,
  isOfClient,
  type KeyScope,
  lastDayOf,
  type Programme,
  type Source,
  settingsAt,
  versionsOf,
  zoneAt,
} from "./domain/programme.ts";
export type { ClosedProposal, Proposal, Proposals, ProposedChange } from "./domain/proposals.ts";
export { programmeAggregate } from "./programme-aggregate.ts";
