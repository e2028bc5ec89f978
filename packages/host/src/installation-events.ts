import { type Category, defineEvents, type EventIn, streamOf, text } from "@taem/schema";

const descriptions = {
  /** The first event of `INSTALLATION_STREAM`: whose log this is. `keyCheck` tells the HMAC key again, and not what it is. */
  InstallationNamed: { installation: text, keyCheck: text },
} as const;

export type InstallationNamed = EventIn<typeof descriptions>;

/** Of an installation as a whole. */
export const installation: Category<InstallationNamed> = {
  name: "installation",
  owner: "stream",
  events: defineEvents(descriptions),
};

/** Says whose log it is. Its name is known without a look, so that a log can be asked before anything else is known of it. */
export const INSTALLATION_STREAM = streamOf(installation, 1);
