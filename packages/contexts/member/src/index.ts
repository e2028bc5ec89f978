export { memberRoutes } from "./api/member-routes.ts";
export { Enrolments } from "./application/enrolments.ts";
export { Members } from "./application/members.ts";
export { member } from "./context.ts";
