import { keyedRows, type Projection, rowsProjection } from "@taem/processing";
import { createCatalogue } from "@taem/schema";
import { type MemberEnrolled, member } from "../events.ts";

export const MEMBERS = "members";

/** Which members there are. Nothing here says who a member is. */
export function membersProjection(): Projection<MemberEnrolled> {
  return rowsProjection<MemberEnrolled>({
    name: MEMBERS,
    version: 1,
    catalogue: createCatalogue([member]),
    rows: [
      keyedRows({
        table: {
          name: "members",
          columns: {
            slice: "smallint NOT NULL",
            programme: "uuid NOT NULL",
            member: "uuid NOT NULL",
            enrolled_at: "bigint NOT NULL",
            position: 'text COLLATE "C" NOT NULL',
          },
          key: ["programme", "member"],
          indexes: [],
          appendOnly: false,
        },
        key: ({ event }) => ({ programme: event.programme, member: event.member }),
        apply: (_, { event: { programme, member: id, enrolledAt }, record: { position } }) => ({
          programme,
          member: id,
          enrolled_at: BigInt(enrolledAt),
          position,
        }),
      }),
    ],
  });
}
