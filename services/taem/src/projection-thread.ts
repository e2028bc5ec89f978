import { enableCompileCache } from "node:module";

// Started by the program itself, in a thread of it.
enableCompileCache();
const [{ projectHere }, { contexts }] = await Promise.all([import("@taem/host"), import("./contexts.ts")]);
await projectHere(contexts);
