/**
 * `tap` as a test file sees it that shares a process with others (run-files.ts): its `t` is the subtest that has the file's name. Files
 * import nothing else of tap but types.
 */
import root, { type Test } from 'tap';

let current: Test = root;

// Files run one after the other, and each reads it while it is its turn.
export { current as default };

/** Makes a subtest the `t` of the file that is imported next. */
export function setFileTest(test: Test): void {
  current = test;
}
