/**
 * What a command means where its body does not say. Schemas leave such a field out: whether a command is a repetition is
 * told by what was sent, so a default may be changed without making strangers of the retries under way. Not so the leg
 * of a key, which is part of what things are called and can never change.
 */
export const DEFAULTS = {
  earn: { reason: "purchase" },
  burn: { redemption: "reward" },
  hold: { redemption: "reward" },
  reverse: { reason: "return" },
} as const satisfies Record<string, Readonly<Record<string, string>>>;
