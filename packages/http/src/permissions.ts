/**
 * What a principal may be allowed to do. Asking and approving, defining and publishing are different ones: who may do
 * both still never does both to the same thing.
 */
export const permissions = {
  earn: "give points for sales, take them back for returns, enrol members",
  burn: "spend, hold and transfer points",
  read: "see members' balances, lots, statements and events",
  finance: "see the reports of a whole programme",
  partner: "what exchange partners are given",
  opening: "bring in opening balances: earns with an expiry of their own",
  define: "define programmes, currencies, rules, sources and clocks; propose changes of them",
  publish: "approve or reject changes of definitions that another has proposed",
  adjust: "ask for adjustments of balances by hand",
  approve: "approve or reject adjustments that another has asked for",
  clients: "create clients, each with ceilings of its own, and API keys; rotate and revoke them",
} as const;

export type Permission = keyof typeof permissions;

export const PERMISSIONS = Object.keys(permissions) as readonly Permission[];

/** Short for everything that an administrator of a programme does. */
const ADMIN: readonly Permission[] = ["opening", "define", "publish", "adjust", "approve"];

export function isPermission(name: string): name is Permission {
  return Object.hasOwn(permissions, name);
}

/**
 * The permissions that names stand for, `admin` for several; each once, in the catalogue's order. Names of others are
 * left out: whoever must not overlook them asks `unknownPermission` first.
 */
export function permissionsNamed(names: readonly string[]): readonly Permission[] {
  const named = new Set<string>(names.flatMap((name) => (name === "admin" ? [...ADMIN] : [name])));
  return PERMISSIONS.filter((permission) => named.has(permission));
}

/** The first of the names that stands for nothing. */
export function unknownPermission(names: readonly string[]): string | undefined {
  return names.find((name) => name !== "admin" && !isPermission(name));
}
