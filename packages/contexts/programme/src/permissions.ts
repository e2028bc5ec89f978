import type { Permissions } from "@taem/http";

export const permissions = {
  define: {
    allows: "define programmes, currencies, rules, sources and clocks; propose changes of them",
    isOfAdmin: true,
  },
  publish: {
    allows: "approve or reject changes of definitions that another has proposed",
    approves: "define",
    isOfAdmin: true,
  },
} as const satisfies Permissions;
