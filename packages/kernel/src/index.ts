export { isSamePrincipal, principalOf } from "./actor.ts";
export { MAX_AMOUNT, MAX_BALANCE, max, min, type Rational, type Rounding, round, sum } from "./amounts.ts";
export { AppliedKeys } from "./applied-keys.ts";
export { type BusinessKey, fingerprint, keyDigest, keyText } from "./business-key.ts";
export { framed, unframed } from "./byte-frames.ts";
export {
  afterTerm,
  dateInCalendar,
  dayAfter,
  type ExpiryPolicy,
  endOf,
  endOrNever,
  expiryOf,
  type Instant,
  instantText,
  isInCalendar,
  isZone,
  type LocalDate,
  lastValidDate,
  localDate,
  type Term,
  vintageOf,
} from "./calendar.ts";
export { commandFingerprint, type Plain } from "./command-fingerprint.ts";
export { DigestTable } from "./digest-table.ts";
export { InvariantViolation, invariant } from "./invariant.ts";
export { type Layer, LayeredMap } from "./layered-map.ts";
export { inParts, type Part, partsOf } from "./parts.ts";
export { SLICES, sliceOfMember, sliceOfName } from "./slices.ts";
export { type Version, versionAt } from "./versions.ts";
