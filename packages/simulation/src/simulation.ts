import { type Day, dayOf, type Instant, MINUTE, startOf } from "./bangkok-time.ts";
import { type Definitions, definitionsOf } from "./definitions.ts";
import { visitMarketplace, visitStore } from "./life/sales.ts";
import { busyness, isMegaSale, shoppingTime } from "./life/seasons.ts";
import { World } from "./life/world.ts";
import type { Chunk } from "./line.ts";
import type { Oracle } from "./oracle.ts";
import { Random } from "./random.ts";

export interface SimulationParameters {
  /** The last simulated day is the last whole local day before it; milliseconds since the epoch. */
  readonly endsAt: Instant;
  readonly days?: number;
  readonly members?: number;
  /** The same parameters give the same stream, byte for byte. */
  readonly seed?: number;
}

export interface Simulation {
  readonly definitions: Definitions;
  /** The first instant of the first local day, and the first after the last. */
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly days: number;
  /** The stream, a day at a time, made as it is asked for. Once. */
  readonly chunks: Iterable<Chunk>;
  /** What the ledger must say after the chunks taken so far. */
  readonly oracle: Oracle;
}

const FOUNDING_MEMBERS = 0.55;
const VISITS_A_YEAR = 19;
const ONLINE = 0.35;
const ONLINE_ON_MEGA_SALE = 0.85;

/**
 * The life of a loyalty programme of a Thai retailer: sales in shops and on two marketplaces, points spent, held,
 * shared, returned, corrected and expired, with everything that goes wrong on the way. Throws RangeError on a
 * parameter that is not a whole number of at least 1.
 */
export function simulate({
  endsAt,
  days = 365,
  members = 3_000,
  seed = 1,
}: SimulationParameters): Simulation {
  for (const [name, value] of Object.entries({ days, members, seed })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`${name} must be a whole number above 0`);
  }
  const end: Day = dayOf(endsAt);
  const first: Day = end - days;
  const world = new World(new Random(seed), members, startOf(first), first + Math.floor(days / 2));
  return {
    definitions: definitionsOf(startOf(first), startOf(end)),
    startsAt: startOf(first),
    endsAt: startOf(end),
    days,
    chunks: daysOf(world, first, end, members),
    oracle: world.oracle,
  };
}

function* daysOf(world: World, first: Day, end: Day, members: number): Generator<Chunk> {
  const founding = Math.ceil(members * FOUNDING_MEMBERS);
  let joined = 0;
  for (let day = first; day < end; day++) {
    const target = day === first ? founding : joinedBy(day, { first, end, founding, members });
    planEnrolments(world, day, target - joined, day === first);
    joined = target;
    planVisits(world, day, joined);
    yield world.play(day);
  }
}

function joinedBy(
  day: Day,
  { first, end, founding, members }: Record<"first" | "end" | "founding" | "members", number>,
): number {
  return founding + Math.floor(((members - founding) * (day - first)) / Math.max(1, end - 1 - first));
}

/** Members of the old programme are brought over before anything happens; others join at the till. */
function planEnrolments(world: World, day: Day, count: number, isFounding: boolean): void {
  for (let i = 0; i < count; i++) {
    if (isFounding) {
      world.enrol(startOf(day), () => undefined);
      continue;
    }
    world.enrol(shoppingTime(world.random, day, "store") - MINUTE, (person, at) => {
      world.at(at + MINUTE, (then) => visitStore(world, person, then));
    });
  }
}

function planVisits(world: World, day: Day, joined: number): void {
  const { random } = world;
  const online = isMegaSale(day) ? ONLINE_ON_MEGA_SALE : ONLINE;
  const visits = random.poisson((joined * VISITS_A_YEAR * busyness(day)) / 365);
  for (let i = 0; i < visits; i++) {
    const isOnline = random.chance(online);
    const at = shoppingTime(random, day, isOnline ? "marketplace" : "store");
    const visit = isOnline ? visitMarketplace : visitStore;
    world.at(at, (then) => visit(world, world.people.draw(), then));
  }
}
