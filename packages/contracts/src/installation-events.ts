import { type InferFields, text } from "./schema.ts";

/** Events of an installation as a whole. */
export const installationEvents = {
  /** The first event of `INSTALLATION_STREAM`: whose log this is. `keyCheck` tells the HMAC key again, and not what it is. */
  InstallationNamed: { installation: text, keyCheck: text },
} as const;

export type InstallationEventType = keyof typeof installationEvents;
export type InstallationEvent<T extends InstallationEventType = InstallationEventType> = {
  [K in T]: { readonly type: K } & InferFields<(typeof installationEvents)[K]>;
}[T];
