/** Declares the part of WebAssembly that we use: neither ES2024 nor Node's types have it, only the DOM library. */
declare namespace WebAssembly {
  interface Module {
    readonly brand: unique symbol
  }
  interface Memory {
    readonly buffer: ArrayBuffer
  }
  interface MemoryDescriptor {
    initial: number
    maximum?: number
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>
  }
  interface WebAssemblyInstantiatedSource {
    readonly instance: Instance
    readonly module: Module
  }
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>
}
