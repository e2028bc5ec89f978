import type { KeyObject } from "node:crypto";
import type { Progress } from "@taem/processing";
import type { MetricsSnapshot } from "@taem/runtime";
import type { Config } from "./config.ts";

/** What a projection thread is started with: all that a platform of its own is made of. */
export interface Errand {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly installation: string;
  readonly kafkaKey: KeyObject;
}

export type FromThread =
  | { readonly kind: "started" }
  /** It cannot start, and an operator can mend that; with a server, that may come yet. */
  | {
      readonly kind: "refused";
      readonly code: string;
      readonly message: string;
      readonly server: string | undefined;
    }
  | { readonly kind: "progress"; readonly projection: string; readonly progress: Progress }
  | { readonly kind: "measured"; readonly request: number; readonly snapshot: MetricsSnapshot }
  | { readonly kind: "logged"; readonly line: string };

export type ToThread =
  /** Somebody waits for the projection's next batch. */
  | { readonly kind: "hurry"; readonly projection: string }
  | { readonly kind: "measure"; readonly request: number }
  | { readonly kind: "stop" };
