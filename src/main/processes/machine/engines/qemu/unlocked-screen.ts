import { createCipheriv } from 'node:crypto';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { protocolVersion, securityTypeNone } from '../../rfb/protocol';
import { ReceiveBuffer } from '../../rfb/receive-buffer';

const securityTypeVnc = 2;
const challengeLength = 16;
/** What a viewer sends before `ClientInit`: its version, and the security type that it chooses. */
const viewerHello = 13;

/**
 * QEMU's VNC server behind a password, for viewers that know none: this side answers the challenge, and the viewer
 * sees a server that asks for nothing (RFC 6143, 7.1 and 7.2). Emits `connect` when the server has let us in.
 */
export class UnlockedScreen extends Duplex {
  readonly #received = new ReceiveBuffer();
  #step: 'version' | 'types' | 'challenge' | 'result' | 'open' = 'version';
  /** Of the viewer's own greeting, what has not come yet. */
  #hello = viewerHello;
  #waiting: (() => void) | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly password: string,
  ) {
    super();
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', (error) => this.destroy(error));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const rest = data.subarray(Math.min(this.#hello, data.length));
    this.#hello -= data.length - rest.length;
    const send = (): void => {
      if (rest.length === 0 || this.socket.write(rest)) done();
      else this.socket.once('drain', () => done());
    };
    if (this.#step === 'open') send();
    else this.#waiting = send;
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }

  #receive(data: Uint8Array): void {
    if (this.#step === 'open') {
      this.#pass(data);
      return;
    }
    this.#received.append(data);
    while (!this.destroyed && this.#advance());
  }

  #pass(data: Uint8Array): void {
    if (!this.push(Buffer.from(data))) this.socket.pause();
  }

  /** Takes one part of the server's greeting; false when more is needed. */
  #advance(): boolean {
    switch (this.#step) {
      case 'version':
        return this.#take(protocolVersion.length, () => {
          this.socket.write(protocolVersion);
          this.#step = 'types';
        });
      case 'types': {
        const count = this.#received.length > 0 ? this.#received.view().getUint8(0) : 0;
        if (this.#received.length < 1) return false;
        return this.#take(1 + count, (types) => {
          if (!types.subarray(1).includes(securityTypeVnc)) return this.#refused('it asks for no password');
          this.socket.write(Uint8Array.of(securityTypeVnc));
          this.#step = 'challenge';
        });
      }
      case 'challenge':
        return this.#take(challengeLength, (challenge) => {
          this.socket.write(answerChallenge(challenge, this.password));
          this.#step = 'result';
        });
      case 'result':
        return this.#take(4, (result) => {
          if (result.some((byte) => byte !== 0)) return this.#refused('it refuses the password');
          this.#open();
        });
      case 'open':
        return false;
    }
  }

  #take(length: number, then: (bytes: Uint8Array) => void): boolean {
    if (this.#received.length < length) return false;
    const { buffer, byteOffset } = this.#received.view();
    const bytes = new Uint8Array(buffer, byteOffset, length).slice();
    this.#received.consume(length);
    then(bytes);
    return true;
  }

  #open(): void {
    this.#step = 'open';
    this.emit('connect');
    // The whole greeting of a server without a password: viewers take it piece by piece.
    this.push(Buffer.from(protocolVersion));
    this.push(Buffer.from([1, securityTypeNone, 0, 0, 0, 0]));
    const rest = this.#received.length;
    if (rest > 0) this.#take(rest, (bytes) => this.#pass(bytes));
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  #refused(why: string): void {
    this.destroy(new Failure('engine.failed', phrase('qemuTalk.screenCannot', { why })));
  }
}

/**
 * DES with the password as the key, the bits of each byte in reverse (RFC 6143, 7.2.2, and its errata). Triple DES
 * with one key three times is DES, which OpenSSL has no more by itself.
 */
export function answerChallenge(challenge: Uint8Array, password: string): Buffer {
  const key = Buffer.alloc(8);
  key.set(Buffer.from(password, 'latin1').subarray(0, 8).map(reverseBits));
  const triple = Buffer.concat([key, key, key]);
  const blocks = [challenge.subarray(0, 8), challenge.subarray(8, 16)].map((block) => {
    const cipher = createCipheriv('des-ede3-cbc', triple, Buffer.alloc(8)).setAutoPadding(false);
    return Buffer.concat([cipher.update(block), cipher.final()]);
  });
  return Buffer.concat(blocks);
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) reversed |= 0x80 >> bit;
  return reversed;
}
