import { tellStory } from '../demo/story.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { CommandIo } from './io.ts';

/** The main job in seconds, explained. */
export async function demo(io: CommandIo): Promise<ExitStatus> {
  await tellStory(io);
  return EXIT.OK;
}
