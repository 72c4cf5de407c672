/**
 * For the runner to load first. tap watches every promise, so that it can say which subtest left a rejection unhandled; that is a
 * seventh of the suite's processor time. Without it such a rejection fails the file all the same.
 */
import hooks from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';

const hook: hooks.AsyncHook = { enable: () => hook, disable: () => hook };
hooks.createHook = () => hook;
syncBuiltinESMExports();
