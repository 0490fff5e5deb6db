import type { MediumReport } from '@shared/media/report';
import type { ByteSource } from './byte-source';
import { byte, latin1, le16, le32, plainText, startsWith } from './bytes';

/** What can be told of a kernel from its first bytes. */
export interface KernelInfo {
  /** For a person: `Linux`, `ELF`. */
  kind: 'Linux' | 'ELF';
  bits: 32 | 64;
  architecture: MediumReport['architecture'];
  /** E.g. `6.1.0-18-686`, where it says. */
  version?: string;
  /** The processor that the code is for could not be made out, and the usual one was assumed. */
  guessed: boolean;
}

/** Recognises Linux in its boot formats, and ELF executables. */
export async function readKernel(source: ByteSource): Promise<KernelInfo | undefined> {
  const head = await source.read(0, 1024);
  if (startsWith(head, '\x7fELF')) return readElf(head);
  if (startsWith(head, 'HdrS', 0x202) && le16(head, 0x1fe) === 0xaa55) return readBzImage(source, head);
  // Documentation/arch/arm64/booting.rst and riscv/boot-image-header.rst: the magic stands at 56.
  if (startsWith(head, 'ARM\x64', 56)) {
    return { kind: 'Linux', bits: 64, architecture: 'aarch64', guessed: false };
  }
  if (startsWith(head, 'RSC\x05', 56)) {
    return { kind: 'Linux', bits: 64, architecture: 'riscv64', guessed: false };
  }
  // arch/s390/boot/head.S: behind the entry point, which is at 64 KiB.
  if (startsWith(await source.read(0x10008, 6), 'S390EP')) {
    return { kind: 'Linux', bits: 64, architecture: 's390x', guessed: false };
  }
  return undefined;
}

/** The Linux/x86 boot protocol (Documentation/arch/x86/boot.rst of the kernel). */
async function readBzImage(source: ByteSource, head: Uint8Array): Promise<KernelInfo> {
  const protocol = le16(head, 0x206);
  const versionAt = le16(head, 0x20e);
  const version =
    versionAt === 0 ? '' : plainText(latin1(await source.read(versionAt + 0x200, 128)).split('\0')[0] ?? '');
  const bits = bitsByFlag(head, protocol) ?? bitsByStub(head) ?? (await bitsByCode(source, head));
  return {
    kind: 'Linux',
    bits: bits ?? 32,
    architecture: bits === 64 ? 'x86_64' : 'i386',
    // “6.1.0-18-686 (debian-kernel@…) #1 SMP …”
    version: /^[0-9][^\s]{0,60}/.exec(version)?.[0],
    guessed: bits === undefined,
  };
}

/** `xloadflags`, since protocol 2.12 (Linux 3.8): bit 0 says that there is a 64-bit entry point. */
function bitsByFlag(head: Uint8Array, protocol: number): 32 | 64 | undefined {
  if (protocol < 0x020c) return undefined;
  return (le16(head, 0x236) & 1) !== 0 ? 64 : 32;
}

/** The machine field of the EFI stub's PE header, since Linux 3.3. */
function bitsByStub(head: Uint8Array): 32 | 64 | undefined {
  if (!startsWith(head, 'MZ')) return undefined;
  // PE format, “COFF File Header”: the machine follows the signature.
  const at = le32(head, 0x3c);
  const machine = startsWith(head, 'PE\0\0', at) ? le16(head, at + 4) : 0;
  return machine === 0x8664 ? 64 : machine === 0x14c ? 32 : undefined;
}

/**
 * Before: a 64-bit kernel begins with 32-bit code that switches to long mode, so it reads the EFER register
 * (`mov ecx, 0xC0000080; rdmsr`) within the first few KiB of its protected-mode code. A 32-bit one has no reason to.
 */
async function bitsByCode(source: ByteSource, head: Uint8Array): Promise<32 | 64 | undefined> {
  const setupSectors = byte(head, 0x1f1) || 4;
  const code = await source.read((setupSectors + 1) * 512, 8192);
  if (code.length < 4096) return undefined;
  return latin1(code).includes('\xb9\x80\x00\x00\xc0\x0f\x32') ? 64 : 32;
}

const elfMachines: Record<number, MediumReport['architecture']> = {
  3: 'i386',
  21: 'ppc64',
  22: 's390x',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
};

function readElf(head: Uint8Array): KernelInfo | undefined {
  const elfClass = byte(head, 4);
  if (elfClass !== 1 && elfClass !== 2) return undefined;
  const bigEndian = byte(head, 5) === 2;
  const field = (at: number): number =>
    bigEndian ? (byte(head, at) << 8) | byte(head, at + 1) : le16(head, at);
  // Kernels are linked to fixed addresses (ET_EXEC); most programs and all libraries are not.
  if (field(16) !== 2) return undefined;
  const machine = field(18);
  const architecture = elfMachines[machine] ?? 'unknown';
  return { kind: 'ELF', bits: elfClass === 2 ? 64 : 32, architecture, guessed: false };
}
