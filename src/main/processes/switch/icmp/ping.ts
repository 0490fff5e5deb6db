import { findProgram, runProgram } from '../../../platform/program';

/** How long an answer is waited for: seconds in the program's words, and for the program itself a little longer. */
const patienceSeconds = 4;
const patienceMs = 6000;

/** `impossible`: this computer has no program for it, or it may not do it. */
export type PingResult = 'answered' | 'silent' | 'impossible';

/** Asks whether an address answers to an echo request. Never rejects. */
export type Ping = (address: string) => Promise<PingResult>;

/**
 * Asks by the system's `ping`: raw sockets need rights that this process has not.
 *
 * @param address of either version, as numbers; nothing else is ever given to the program
 */
export async function systemPing(
  address: string,
  platform: NodeJS.Platform = process.platform,
): Promise<PingResult> {
  const program = await findProgram(platform === 'darwin' && address.includes(':') ? 'ping6' : 'ping');
  if (program === undefined) return 'impossible';
  try {
    const said = await runProgram(program, pingArguments(address, platform), patienceMs);
    // On Windows it also succeeds when a router complains; only an answer has a time, in every language.
    return platform !== 'win32' || /[=<]\d+ ?ms/.test(said) ? 'answered' : 'silent';
  } catch (error) {
    const { code } = error as { code?: unknown };
    // Linux: 1 is silence, 2 is everything else. macOS has 2 for silence.
    return code === 1 || platform === 'darwin' || platform === 'win32' ? 'silent' : 'impossible';
  }
}

/** One question, with numbers as they are. Pure. */
export function pingArguments(address: string, platform: NodeJS.Platform): string[] {
  const isIpv6 = address.includes(':');
  const seconds = String(patienceSeconds);
  if (platform === 'win32') {
    return [isIpv6 ? '-6' : '-4', '-n', '1', '-w', String(patienceSeconds * 1000), address];
  }
  if (platform === 'darwin') return ['-n', '-q', '-c', '1', ...(isIpv6 ? [] : ['-t', seconds]), address];
  return [isIpv6 ? '-6' : '-4', '-q', '-c', '1', '-W', seconds, address];
}
