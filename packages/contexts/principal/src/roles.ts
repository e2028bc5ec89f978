/**
 * What people may be: a role is a set of permissions, held in one programme or, where that makes sense, in the whole
 * installation.
 */
export interface Role {
  /** For people: "sees members' balances". */
  readonly does: string;
  readonly permissions: readonly string[];
  /** Whether it may be held in the whole installation, too. */
  readonly ofInstallation?: true;
}

export const roles = {
  "support.read": { does: "sees members' balances, statements and events", permissions: ["read"] },
  "support.adjust": {
    does: "sees members' balances, and asks for adjustments of them",
    permissions: ["read", "adjust"],
  },
  "adjust.approve": {
    does: "sees members' balances, and decides on adjustments that another has asked for",
    permissions: ["read", "approve"],
  },
  cashier: {
    does: "gives and takes points at a till, and enrols members",
    permissions: ["earn", "burn", "read"],
  },
  "finance.read": { does: "sees the reports of a programme", permissions: ["finance"] },
  "rules.edit": { does: "defines what a programme's points are worth", permissions: ["define"] },
  "rules.publish": {
    does: "decides on changes of definitions that another has proposed",
    permissions: ["publish"],
  },
  "partner.manage": { does: "makes the clients of exchange partners", permissions: ["clients", "partner"] },
  operator: {
    does: "watches over what happens, and makes clients that do the same",
    permissions: ["clients", "read", "finance"],
    ofInstallation: true,
  },
  auditor: {
    does: "sees everything, and changes nothing",
    permissions: ["read", "finance"],
    ofInstallation: true,
  },
  "users.admin": {
    does: "adds people, gives and takes their roles",
    permissions: ["people"],
    ofInstallation: true,
  },
} as const satisfies Readonly<Record<string, Role>>;

export type RoleName = keyof typeof roles;

/** Those that people are given, by their names. */
export const roleNames = Object.keys(roles) as [RoleName, ...RoleName[]];

/** Undefined for one that this version does not know: it gives nothing. */
export function roleOf(name: string): Role | undefined {
  return Object.hasOwn(roles, name) ? roles[name as RoleName] : undefined;
}

export function permissionsOf(name: string): readonly string[] {
  return roleOf(name)?.permissions ?? [];
}

/** Whatever else a permission allows may change something. */
const READING: readonly string[] = ["read", "finance"];

/** What keeps one role from being held beside another, in any programmes whatever; undefined = nothing does. */
export function conflictOf(names: readonly string[]): string | undefined {
  const other = (role: RoleName, clashes: (permission: string) => boolean) =>
    names.includes(role)
      ? names.find((name) => name !== role && permissionsOf(name).some(clashes))
      : undefined;
  const moving = other("users.admin", (permission) => permission === "adjust" || permission === "approve");
  if (moving !== undefined) return `users.admin and ${moving}: who gives roles neither adjusts nor approves`;
  const writing = other("auditor", (permission) => !READING.includes(permission));
  if (writing !== undefined) return `auditor and ${writing}: an auditor changes nothing`;
  return undefined;
}
