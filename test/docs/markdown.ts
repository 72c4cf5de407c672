/** Reads Markdown: the code blocks, the links and the headings of a page. */
import { globSync, readFileSync } from 'node:fs';

export interface Block {
  /** The heading of the section. */
  readonly section: string;
  readonly language: string;
  readonly text: string;
}

/** All pages for people, without those of other packages. */
export const pages: readonly string[] = ['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'examples/*.md']
  .flatMap((pattern) => globSync(pattern))
  .concat(['examples/spa/README.md', 'packages/client/README.md', 'packages/guard/README.md'])
  .sort();

const FENCE = /^( *)```(\w*)\n(.*?)^\1```$/gms;

/** Returns the code blocks of a page in their order. */
export function blocksOf(file: string): Block[] {
  const page = readFileSync(file, 'utf8');
  return [...page.matchAll(FENCE)].map(({ 1: indent = '', 2: language = '', 3: text = '', index }) => ({
    section: headingsOf(page.slice(0, index)).at(-1) ?? '',
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** Returns the texts of the headings of a page. */
export function headingsOf(page: string): string[] {
  return [...withoutBlocks(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading);
}

/** Returns the targets of the links and pictures of a page. */
export function linksOf(page: string): string[] {
  const text = withoutBlocks(page).replaceAll(/`[^`\n]+`/g, '`code`');
  return [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
}

/** Returns the anchor that GitHub gives to a heading. */
export function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function withoutBlocks(page: string): string {
  return page.replaceAll(FENCE, '');
}
