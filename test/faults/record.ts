import { isDeepStrictEqual } from "node:util";
import type { Answer, Command } from "./script.ts";

/** A command that was sent, and the first definite answer to it; undefined while nobody knows. */
export interface Sent {
  readonly command: Command;
  first: Answer | undefined;
}

/** What callers asked for, and what they were told first. */
export class Record {
  /** In the order in which they were first sent, by what identifies them: line and sender. */
  readonly #sent = new Map<string, Sent>();
  /** What was not told the same again. */
  readonly contradictions: string[] = [];
  answers = 0;

  get sent(): readonly Sent[] {
    return [...this.#sent.values()];
  }

  begin(command: Command): Sent {
    const name = JSON.stringify(command);
    const known = this.#sent.get(name);
    if (known !== undefined) return known;
    const sent: Sent = { command, first: undefined };
    this.#sent.set(name, sent);
    return sent;
  }

  /** A refusal consumes no key, so that another answer may follow it. What was done stays as it was said. */
  take(sent: Sent, answer: Answer): void {
    this.answers++;
    const { first } = sent;
    if (first === undefined || ("refused" in first && !("refused" in answer))) sent.first = answer;
    else if (!("refused" in first) && !isDeepStrictEqual(first, answer)) {
      const [was, is] = [JSON.stringify(first), JSON.stringify(answer)];
      this.contradictions.push(`${describeCommand(sent.command)}: first ${was}, then ${is}`);
    }
  }
}

/** The business key of a command, `system id leg`; of an enrolment the caller's id. */
export function keyOf({ line }: Command): string {
  if (line.op === "enrol") return `member ${line.externalId}`;
  const { system, id, leg } = line.source;
  return `${system} ${id} ${leg ?? "main"}`;
}

export function describeCommand(command: Command): string {
  return `${command.line.op} ${keyOf(command)}`;
}
