import { OperatorError } from "@taem/runtime";

export type ProjectionErrorCode =
  | "checkpoint_beyond_head"
  | "checkpoint_not_in_log"
  | "event_log_damaged"
  | "events_unavailable"
  | "projection_missing"
  | "projection_outdated"
  | "rebuild_in_progress"
  | "take_over_blocked"
  | "unknown_event_type"
  | "not_parked";

/** A failure of a projection that an operator has to deal with; the message says how. */
export class ProjectionError extends OperatorError {
  declare readonly code: ProjectionErrorCode;
  constructor(code: ProjectionErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = "ProjectionError";
  }
}
