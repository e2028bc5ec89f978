import { describeApi } from "@taem/http";
import { problems } from "../problems.ts";
import { members } from "./members.ts";

export type { MemberProblem } from "../problems.ts";
export { type MemberAnswer, memberAnswer, memberBody, members } from "./members.ts";

const { list, ...decided } = members;

/** `member` finds who is enrolled by the log itself: it is answered where members are enrolled. */
export const memberApi = describeApi({ commands: decided, queries: { list }, problems });
