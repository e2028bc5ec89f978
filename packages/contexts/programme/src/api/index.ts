import { describeApi } from "@taem/http";
import { permissions } from "../permissions.ts";
import { problems } from "../problems.ts";
import { definitions } from "./definitions.ts";

export type { ProgrammeProblem } from "../problems.ts";
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

export const programmeApi = describeApi({ commands: definitions, problems, permissions });
