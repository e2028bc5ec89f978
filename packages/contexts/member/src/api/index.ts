export { type MemberAnswer, memberAnswer, memberBody, members } from "./members.ts";
