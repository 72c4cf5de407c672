import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join, normalize } from 'node:path';

/** A place in a stack trace, and in tap's `at`. */
const inStack = /((?:build|dist)\/[\w./-]+\.js):(\d+):(\d+)/g;
const inDiagnostic =
  /^( *fileName: )((?:build|dist)\/[\w./-]+\.js)(\n *lineNumber: )(\d+)(\n *columnNumber: )(\d+)/gm;

const maps = new Map<string, SourceMap | undefined>();

/**
 * Text with the places in compiled files as those in the TypeScript source. Only what failed is translated, because
 * `--enable-source-maps` costs each process a quarter of a second.
 *
 * @param root folder of the repository
 */
export function toSourcePositions(root: string, text: string): string {
  const translate = (file: string, line: string, column: string) => {
    const map = mapOf(join(root, file));
    const found = map?.findEntry(Number(line) - 1, Number(column) - 1);
    if (found === undefined || !('originalSource' in found)) return { file, line, column };
    const source = normalize(join(dirname(file), found.originalSource));
    return { file: source, line: `${found.originalLine + 1}`, column: `${found.originalColumn + 1}` };
  };
  return text
    .replace(inStack, (_, ...place: [string, string, string]) => {
      const { file, line, column } = translate(...place);
      return `${file}:${line}:${column}`;
    })
    .replace(
      inDiagnostic,
      (
        _,
        before: string,
        ...[path, toLine, at, toColumn, offset]: [string, string, string, string, string]
      ) => {
        const { file, line, column } = translate(path, at, offset);
        return `${before}${file}${toLine}${line}${toColumn}${column}`;
      },
    );
}

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) {
    const path = `${file}.map`;
    maps.set(file, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : undefined);
  }
  return maps.get(file);
}
