// Reads what a test runner wrote and prints "passed failed skipped", so that scripts/test can add them up.
// Called as: count.mjs nextest|cargo|examples|node|vitest|playwright FILE

import { readFileSync } from "node:fs";

/** Adds up the first number of every match of `pattern`. */
const sum = (text, pattern) => [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);

const COUNTERS = {
  nextest(text) {
    // "Summary [ 1.2s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped"
    const line = text.match(/^ *Summary .*$/gm)?.at(-1) ?? "";
    return [
      sum(line, /(\d+) passed/g),
      sum(line, /(\d+) (?:failed|timed out|exec failed|not run)/g),
      sum(line, /(\d+) skipped/g),
    ];
  },
  cargo: (text) => [
    sum(text, /^test result: .* (\d+) passed/gm),
    sum(text, /^test result: .* (\d+) failed/gm),
    sum(text, /^test result: .* (\d+) ignored/gm),
  ],
  examples: (text) => COUNTERS.cargo(text),
  node: (text) => [
    sum(text, /^# pass (\d+)/gm),
    sum(text, /^# (?:fail|cancelled) (\d+)/gm),
    sum(text, /^# (?:skipped|todo) (\d+)/gm),
  ],
  vitest(text) {
    const result = JSON.parse(text);
    // A file that could not be loaded holds no failed test, but it did fail.
    const brokenFiles = result.testResults.filter(
      (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
    ).length;
    return [
      result.numPassedTests,
      result.numFailedTests + brokenFiles,
      result.numPendingTests + result.numTodoTests,
    ];
  },
  playwright(text) {
    const { stats, errors } = JSON.parse(text);
    // A test that passed only when repeated is counted as failed: there are no repetitions here.
    return [stats.expected, stats.unexpected + stats.flaky + errors.length, stats.skipped];
  },
};

const [runner, file] = process.argv.slice(2);
console.log(COUNTERS[runner](readFileSync(file, "utf8")).join(" "));
