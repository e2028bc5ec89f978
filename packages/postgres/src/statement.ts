/** A statement with a `name` is parsed once per connection: for the hot ones. */
export interface Statement {
  readonly text: string;
  readonly name?: string;
}
