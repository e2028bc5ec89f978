import type { Permissions } from "@taem/http";

export const permissions = {
  clients: {
    allows: "create clients, each with ceilings of its own, and API keys; rotate and revoke them",
  },
  people: { allows: "add people, give and take their roles, end what they may do" },
} as const satisfies Permissions;
