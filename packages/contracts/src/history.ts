import { catalogue } from "./catalogue.ts";
import { choice, text } from "./schema.ts";
import { earlier, type Histories, versionsOf } from "./versions.ts";

/**
 * Versions that events were once written in, for each type that has had more than one. They are in stores for ever:
 * nothing here is changed or taken out.
 */
const histories: Histories = {
  SourceDeclared: {
    current: 2,
    earlier: {
      1: earlier({ programme: text, system: text, scope: choice("account", "programme") }, (body) => ({
        ...body,
        declaredBy: "not_recorded",
      })),
    },
  },
};

/** Every event type with all its versions. A table that is not whole fails here, at start-up. */
export const eventVersions = versionsOf(catalogue, histories);
