/**
 * Replaces `tap` in a test file that shares a process with others (run-files.ts): its `t` is the subtest with
 * the name of the file. Files import only types besides `t`.
 */
import root, { type Test } from 'tap';

let current: Test = root;

// Files run one after the other, and each reads this variable while it is imported.
export { current as default };

/** Makes a subtest the `t` of the file that is imported next. */
export function setFileTest(test: Test): void {
  current = test;
}
