import type { Statement } from "@taem/postgres";

/** The server knows so many characters of a prepared statement's name. */
const NAME_LENGTH = 63;

/** A statement that is parsed once per connection, where its name is short enough to tell it from others. */
export function named(name: string, text: string): Statement {
  return name.length > NAME_LENGTH ? { text } : { name, text };
}
