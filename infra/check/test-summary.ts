import type { SerializedError } from "vitest";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { beginInfrastructure, takeInfrastructure } from "./infrastructure.ts";

/**
 * Closes a run with one line for machines, `N passed, N failed, N skipped`; says before which servers the tests talked
 * to and why each test was skipped.
 */
export class TestSummary implements Reporter {
  onInit(): void {
    beginInfrastructure();
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const skipped = tests.filter((test) => test.result().state === "skipped");
    const silent = skipped.filter((test) => !reason(test));
    const failed = count("failed") + brokenOutsideTests(modules) + unhandled.length + silent.length;

    for (const test of skipped) {
      console.log(`skipped: ${test.fullName}: ${reason(test) ?? "NO REASON GIVEN, which counts as failed"}`);
    }
    const infrastructure = takeInfrastructure();
    if (infrastructure.length > 0) console.log(infrastructure.join(" · "));
    const tail = skipped.length > 0 ? `, ${skipped.length - silent.length} skipped` : "";
    console.log(`${count("passed")} passed, ${failed} failed${tail}`);
    if (failed > 0) process.exitCode = 1;
  }
}

function reason(test: TestCase): string | undefined {
  const result = test.result();
  return result.state === "skipped" ? result.note : undefined;
}

/** Files that could not be loaded, and suites whose hooks failed. */
function brokenOutsideTests(modules: readonly TestModule[]): number {
  const suites = modules.flatMap((module) => [...module.children.allSuites()]);
  return [...modules, ...suites].filter((task) => task.errors().length > 0).length;
}
