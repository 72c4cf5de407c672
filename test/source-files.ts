import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';

/** A source file of `src/`, taken apart as far as rules about text need it. */
export interface SourceFile {
  /** Below `src/`, with slashes. */
  readonly path: string;
  readonly text: string;
  /** The text with comments and the contents of strings blanked; every offset is that of the text. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  /** What a relative specifier names, below `src/`. */
  readonly target: string | undefined;
  readonly line: number;
}

/** Reads all files below a folder but the generated ones. */
export async function readSources(folder: string): Promise<SourceFile[]> {
  const paths = (await readdir(folder, { recursive: true })).map((path) => path.replaceAll('\\', '/'));
  const sources = paths.filter((path) => path.endsWith('.ts') && !path.startsWith('db/generated/')).sort();
  return Promise.all(
    sources.map(async (path) => sourceFile(path, await readFile(join(folder, path), 'utf8'))),
  );
}

export function sourceFile(path: string, text: string): SourceFile {
  const code = blank(text);
  return { path, text, code, imports: [...importsOf(path, text, code)] };
}

/** The line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Static and type imports, re-exports, and dynamic and type `import()`. */
function* importsOf(path: string, text: string, code: string): Generator<Import> {
  for (const match of code.matchAll(/\b(?:from|import\s*\(?)\s*(['"])([^'"]*)\1/g)) {
    const end = match.index + match[0].length - 1;
    const specifier = text.slice(end - (match[2] ?? '').length, end);
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
    yield { specifier, target, line: lineAt(text, match.index) };
  }
}

/** A slash after one of these begins a regular expression; after anything else it divides. */
const beforeRegExp =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>\n]|\b(?:return|typeof|case|in|of|await|yield|void|delete|else|do))\s*$/;

const token = {
  comment: /\/\/[^\n]*|\/\*[\s\S]*?\*\//y,
  string: /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/y,
  regExp: /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y,
  template: /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y,
};

function blank(text: string): string {
  let code = '';
  /** Open braces of each `${` that we are in. */
  const templates: number[] = [];
  const take = (pattern: RegExp) => {
    pattern.lastIndex = code.length;
    return pattern.exec(text)?.[0];
  };
  /** Copies a token whose inside is blanked, but for its line breaks and the given number of characters at both ends. */
  const hide = (hidden: string, ends: number) => {
    const inside = hidden.slice(ends, hidden.length - ends).replace(/[^\n]/g, ' ');
    code += hidden.slice(0, ends) + inside + hidden.slice(hidden.length - ends, hidden.length);
  };
  const hideTemplate = () => {
    const hidden = take(token.template) ?? '';
    code += hidden.replace(/[^\n]/g, ' ');
    if (text[code.length] === '$') {
      code += '${';
      templates.push(0);
    } else {
      code += '`';
    }
  };
  while (code.length < text.length) {
    const char = text[code.length] ?? '';
    const comment = take(token.comment);
    const literal =
      take(token.string) ?? (beforeRegExp.test(code.slice(-40)) ? take(token.regExp) : undefined);
    if (comment !== undefined) code += comment.replace(/[^\n]/g, ' ');
    else if (literal !== undefined) hide(literal, 1);
    else if (char === '`') {
      code += char;
      hideTemplate();
    } else if (char === '}' && templates.at(-1) === 0) {
      templates.pop();
      code += char;
      hideTemplate();
    } else {
      const depth = templates.pop();
      if (depth !== undefined) templates.push(depth + (char === '{' ? 1 : char === '}' ? -1 : 0));
      code += char;
    }
  }
  return code;
}
