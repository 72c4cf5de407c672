/** @runs once, on SQLite: it is about the runner. */
import 'tap';
