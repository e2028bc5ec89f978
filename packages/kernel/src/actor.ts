const ID = /\(([^()]*)\)$/;

/**
 * Who an actor is. Events name actors `name (id)`: the id tells principals apart, whatever they are called; what has no
 * id is its whole text.
 */
export function principalOf(actor: string): string {
  return ID.exec(actor)?.[1] ?? actor;
}

export function isSamePrincipal(one: string, other: string): boolean {
  return principalOf(one) === principalOf(other);
}
