import { ApiError } from "@taem/http";
import type { ProjectorView } from "@taem/processing";
import type { Clock } from "@taem/runtime";

/** How long a query waits for the read model, in milliseconds. */
const MAX_WAIT_MS = 2_000;
/** Left for the answer itself. */
const RESERVE_MS = 250;

/** A place in a slice of the log. */
interface Place {
  readonly slice: number;
  readonly position: string;
}

/**
 * Waits until a read model has what lies at the places, and before them in their slices. Throws `read_model_behind` when it does
 * not get there in time: `deadline` is on the clock.
 */
export async function reachPlaces(
  { projector, clock }: { readonly projector: ProjectorView; readonly clock: Clock },
  places: readonly Place[],
  deadline: number,
): Promise<void> {
  const reach = async (place: Place) => {
    const left = deadline - clock.now() - RESERVE_MS;
    if (await projector.waitFor(place, Math.max(0, Math.min(MAX_WAIT_MS, left)))) return;
    const reason = projector.status().stopped.get(place.slice);
    throw new ApiError("read_model_behind", {
      detail:
        `the read model has not reached position ${place.position} of slice ${place.slice} yet` +
        (reason === undefined ? "" : `: ${reason}`),
    });
  };
  await Promise.all(places.map(reach));
}
