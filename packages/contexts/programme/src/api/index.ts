export {
  definitions,
  differences,
  obsolete,
  type ProgrammeAnswer,
  programmeItem,
  proposedChange,
} from "./definitions.ts";
export { clockBody, programmeBody } from "./programme-body.ts";
export { proposalBody, settingsBody, wireForm } from "./proposal-body.ts";
