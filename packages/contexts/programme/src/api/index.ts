import { describeApi } from "@taem/http";
import { permissions } from "../permissions.ts";
import { problems } from "../problems.ts";
import { definitions } from "./definitions.ts";
import { programmeList } from "./programme-list.ts";

export type { ProgrammeProblem } from "../problems.ts";
export {
  definitions,
  differences,
  obsolete,
  type ProgrammeAnswer,
  proposedChange,
} from "./definitions.ts";
export { proposalBody, settingsBody, wireForm } from "./proposal-body.ts";

export const programmeApi = describeApi({
  commands: definitions,
  queries: programmeList,
  problems,
  permissions,
});
