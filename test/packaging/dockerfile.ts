/**
 * Runs the steps of deploy/Dockerfile without Docker: each stage is a folder that represents the root of its
 * file system.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, symlink } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import {
  type Copy,
  DockerfileParser,
  type From,
  type Instruction,
  type JSONInstruction,
} from 'dockerfile-ast';
import { temporaryFolder, type Variables } from '../child.ts';
import { findProgram } from '../daemon.ts';
import type { Teardown } from '../helper.ts';
import { stub, stubCompilers } from './stubs.ts';

/** Image, or a stage of it. */
interface Stage {
  /** Folder that represents `/`. */
  readonly root: string;
  /** True when it has the compilers of the machine. */
  readonly compiles: boolean;
  workdir: string;
  /** Variables of ENV. */
  readonly variables: Variables;
  /** Commands of ENTRYPOINT, CMD and HEALTHCHECK. */
  readonly commands: Record<string, readonly string[]>;
}

export type Image = Readonly<Stage>;

/** Content of the base image: Node.js and npm. */
const BASE = 'usr/local/bin';

/** Name of the image with compilers in the Dockerfile. */
const COMPILER_IMAGE = `$\{COMPILER_IMAGE}`;

const run = promisify(execFile);

/**
 * @param file the Dockerfile's text
 * @param context the folder with all files that may be copied
 * @returns the last stage; its folder is deleted when the test ends
 * @throws {Error} when a step fails, or is not supported here
 */
export async function buildImage(t: Teardown, file: string, context: string): Promise<Image> {
  const folder = await temporaryFolder(t);
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const instruction of DockerfileParser.parse(file).getInstructions()) {
    const keyword = instruction.getKeyword();
    if (keyword === 'FROM') {
      stage = await beginStage(folder, instruction as From, stages);
      stages.set((instruction as From).getBuildStage() ?? '', stage);
    } else if (stage !== undefined) {
      await follow(instruction, stage, context, stages);
    }
  }
  if (stage === undefined) throw new Error('The Dockerfile has no stage');
  return stage;
}

/** Maps a path of the image into the stage's folder. */
export function within({ root, workdir }: Image, path: string): string {
  return path.startsWith('/') ? join(root, path) : join(root, workdir, path);
}

async function beginStage(folder: string, from: From, stages: ReadonlyMap<string, Stage>): Promise<Stage> {
  const root = await mkdtemp(join(folder, 'stage-'));
  const image = from.getImage() ?? '';
  const before = stages.get(image);
  if (before === undefined) {
    await createBase(root);
    return { root, compiles: image === COMPILER_IMAGE, workdir: '/', variables: {}, commands: {} };
  }
  await cp(before.root, root, { recursive: true, verbatimSymlinks: true });
  return { ...before, root };
}

/** Makes links to this Node.js and to the machine's npm, which then runs on it. */
async function createBase(root: string): Promise<void> {
  const npm = findProgram('npm');
  if (npm === undefined) throw new Error('npm is not on the PATH');
  await mkdir(join(root, BASE), { recursive: true });
  await symlink(process.execPath, join(root, BASE, 'node'));
  await symlink(await realpath(npm), join(root, BASE, 'npm'));
}

async function follow(
  instruction: Instruction,
  stage: Stage,
  context: string,
  stages: ReadonlyMap<string, Stage>,
): Promise<void> {
  const content = instruction.getArgumentsContent() ?? '';
  switch (instruction.getKeyword()) {
    case 'WORKDIR':
      stage.workdir = resolve(stage.workdir, content);
      await mkdir(within(stage, '.'), { recursive: true });
      return;
    case 'COPY':
      return copy(instruction as Copy, stage, context, stages);
    case 'RUN':
      return runCommand(content, stage);
    case 'ENV':
      for (const pair of content.split(/\s+/)) setVariable(stage, pair);
      return;
    case 'ENTRYPOINT':
    case 'CMD':
      stage.commands[instruction.getKeyword()] = wordsOf(instruction as JSONInstruction);
      return;
    case 'HEALTHCHECK':
      stage.commands.HEALTHCHECK = JSON.parse(/CMD (\[.*\])$/.exec(content)?.[1] ?? '[]');
      return;
    case 'ARG':
    case 'LABEL':
    case 'USER':
    case 'EXPOSE':
      return;
    default:
      throw new Error(`${instruction.getKeyword()} is not understood here`);
  }
}

/** Copies as Docker does: of a folder, only its contents. */
async function copy(
  instruction: Copy,
  stage: Stage,
  context: string,
  stages: ReadonlyMap<string, Stage>,
): Promise<void> {
  const from = instruction.getFromFlag()?.getValue();
  const source = from == null ? undefined : stages.get(from);
  if (from != null && source === undefined) throw new Error(`There is no stage ${from}`);
  const paths = (instruction.getArgumentsContent() ?? '').split(/\s+/);
  const target = paths.pop() ?? '';
  for (const path of paths) {
    const to = target.endsWith('/') ? join(target, basename(path)) : target;
    await mkdir(dirname(within(stage, to)), { recursive: true });
    await cp(source === undefined ? join(context, path) : within(source, path), within(stage, to), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (file) => !file.includes('/src/db/generated'),
    });
  }
}

function setVariable({ root, variables }: Stage, pair: string): void {
  const at = pair.indexOf('=');
  const value = pair.slice(at + 1);
  variables[pair.slice(0, at)] = value.startsWith('/') ? join(root, value) : value;
}

function wordsOf(instruction: JSONInstruction): readonly string[] {
  return instruction.getJSONStrings().map((word) => word.getJSONValue());
}

/**
 * Runs a command. Absolute paths lead into the stage's folder. The image's users do not exist on this
 * machine. Few stages have compilers.
 */
async function runCommand(command: string, stage: Stage): Promise<void> {
  const stubs = await mkdtemp(join(dirname(stage.root), 'stubs-'));
  await stub(stubs, 'chown', 'exit 0');
  if (!stage.compiles) await stubCompilers(stubs);
  const rooted = command.replaceAll(/(?<![\w.*)}\]-])\//g, `${stage.root}/`);
  const { HOME = '' } = process.env;
  const PATH = [stubs, join(stage.root, BASE), '/usr/bin', '/bin'].join(delimiter);
  await run('sh', ['-ec', rooted], {
    cwd: within(stage, '.'),
    env: { ...stage.variables, HOME, PATH },
    maxBuffer: 1 << 26,
  });
}
