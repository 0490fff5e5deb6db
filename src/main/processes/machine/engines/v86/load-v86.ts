import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { V86Module } from './emulator-types';

/** What is used of WebAssembly, which Node has but its types do not describe. */
interface WasmApi {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(module: WasmModule, imports: WasmImports): Promise<{ exports: WasmExports }>;
}
interface WasmModule {
  readonly compiled?: never;
}
export type WasmImports = Record<string, Record<string, unknown>>;
export type WasmExports = Record<string, unknown>;

const wasm = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;

let compiled: Promise<WasmModule> | undefined;

async function compile(): Promise<WasmModule> {
  // Resolved like a module, so that it is found beside the bundle, in an archive of Electron and in a checkout.
  const path = createRequire(import.meta.url).resolve('v86/build/v86.wasm');
  return wasm.compile(await readFile(path));
}

/** Starts a new instance of the emulator's WebAssembly part, for v86's option `wasm_fn`. */
export async function instantiateWasm(imports: WasmImports): Promise<WasmExports> {
  compiled ??= compile();
  const instance = await wasm.instantiate(await compiled, imports);
  return instance.exports;
}

/** @throws Failure `engine.not-found` when the package is missing or does not run here */
export async function loadV86(): Promise<V86Module> {
  try {
    compiled ??= compile();
    await compiled;
    return (await import('v86')) as unknown as V86Module;
  } catch (error) {
    compiled = undefined;
    throw new Failure('engine.not-found', phrase('qemuTalk.noV86'), {
      cause: error,
      hint: phrase('qemuTalk.noV86Hint'),
    });
  }
}
