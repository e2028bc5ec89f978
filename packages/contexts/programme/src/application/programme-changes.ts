import type { Step } from "@taem/event-store";
import { type Caller, claimantOf, metaOf, type WriteTools } from "@taem/host";
import { sliceOfName } from "@taem/kernel";
import type { Programme } from "../domain/programme.ts";
import { type DefinitionEvent, programmeStream } from "../events.ts";
import { ProgrammeError } from "../problems.ts";
import { programmeAggregate } from "../programme-aggregate.ts";
import type { Changed, Definition, Refused } from "./definition.ts";
import { declareSource, type SourceDeclaration } from "./definitions.ts";
import type { Programmes } from "./programmes.ts";

/** What changes of definitions ask of others. */
export interface ChangesPorts {
  /** Throws `approver_must_differ` where one person may be both. */
  readonly requireSecond: (requestedBy: string, approver: string) => Promise<void>;
  /**
   * Whether commands are known to have been done under keys of a source system, by the programme's id: what a read model
   * says, so it may be behind. Without it nothing is known.
   */
  readonly isSystemInUse?: ((programme: string, system: string) => Promise<boolean>) | undefined;
}

/** Changes definitions: of what is written, and by whom. */
export class ProgrammeChanges {
  readonly #tools: WriteTools;
  readonly #programmes: Programmes;
  readonly #ports: ChangesPorts;

  constructor(tools: WriteTools, programmes: Programmes, ports: ChangesPorts) {
    this.#tools = tools;
    this.#programmes = programmes;
    this.#ports = ports;
  }

  /**
   * Defines a programme under a code that nobody has yet, or finds the one that has it. A refused definition takes no
   * code; of a programme that stands it is not asked any more.
   */
  async define(
    code: string,
    define: (id: string) => Definition,
    caller: Caller,
  ): Promise<{ readonly programme: Programme; readonly isNew: boolean }> {
    const fresh = this.#tools.newId();
    const fine = define(fresh);
    if ("refused" in fine) {
      const existing = await this.#programmes.idOf(code);
      if (existing === undefined) throw new ProgrammeError(fine.refused, { detail: fine.detail });
      return { programme: await this.#programmes.load(existing), isNew: false };
    }
    const name = fine.events[0] as DefinitionEvent<"ProgrammeDefined">;
    const stream = this.#programmes.codeStream(code);
    const existing = await this.#programmes.codes.claim(
      this.#tools.handler,
      { stream, slice: sliceOfName(stream) },
      name,
      claimantOf(caller),
    );
    const { programme } = await this.#execute(existing.programme, caller, (state) =>
      state === undefined ? define(existing.programme) : { events: [] },
    );
    return { programme, isNew: existing.programme === fresh };
  }

  /** Changes a programme's definitions; the programme after it. */
  async change(code: string, caller: Caller, decide: (programme: Programme) => Definition): Promise<Changed> {
    const { id } = await this.#programmes.get(code);
    return this.#execute(id, caller, (state) => decide(state as Programme));
  }

  async #execute(
    id: string,
    caller: Caller,
    decide: (programme: Programme | undefined) => Definition,
  ): Promise<Changed> {
    const stream = programmeStream(id);
    const outcome = await this.#tools.handler.execute({
      aggregate: programmeAggregate,
      stream,
      slice: sliceOfName(stream),
      meta: metaOf(caller),
      deadline: caller.deadline,
      traceparent: caller.traceparent,
      decide: (
        programme: Programme | undefined,
      ): Step<Programme | undefined, DefinitionEvent, Changed | Refused> => {
        const definition = decide(programme);
        if ("refused" in definition) return { events: [], answer: () => () => definition };
        const { events, proposal } = definition;
        return { events, answer: (state) => () => ({ programme: state as Programme, proposal }) };
      },
    });
    if ("refused" in outcome) throw new ProgrammeError(outcome.refused, { detail: outcome.detail });
    return { ...outcome, programme: this.#programmes.learn(outcome.programme) };
  }

  /** Approves a proposed change, as somebody who cannot be the one that proposed it. */
  async approveProposal(
    programmeCode: string,
    no: number,
    caller: Caller,
    approve: (programme: Programme) => Definition,
  ): Promise<Changed> {
    const before = await this.#programmes.newest(programmeCode);
    const requester = before.proposals.open.get(no)?.requestedBy;
    if (requester !== undefined) await this.#ports.requireSecond(requester, caller.actor);
    return await this.change(programmeCode, caller, (programme) => {
      const proposed = programme.proposals.open.get(no);
      return proposed === undefined || proposed.requestedBy === requester
        ? approve(programme)
        : { refused: "proposal_unknown", detail: `there is no proposal ${no}` };
    });
  }

  /** Declares or retires a source system. */
  async declareSource(
    programmeCode: string,
    system: string,
    declaration: SourceDeclaration,
    caller: Caller,
  ): Promise<Programme> {
    const { id, sources } = await this.#programmes.get(programmeCode);
    // Of what reaches no further nobody has to know.
    const reachesFurther = declaration.keys === "programme" && sources.get(system)?.scope !== "programme";
    const isInUse = reachesFurther && ((await this.#ports.isSystemInUse?.(id, system)) ?? false);
    const { programme } = await this.change(programmeCode, caller, (known) =>
      declareSource(known, system, declaration, isInUse),
    );
    return programme;
  }
}
