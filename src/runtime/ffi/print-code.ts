/** The constants in the machine code: addresses of the C functions that it calls, and a key of pthread_key_create(3). */
export interface PrintCodeConstants {
  readonly key: number
  readonly vsnprintf: number
  readonly pthread_getspecific: number
  readonly pthread_setspecific: number
  readonly pthread_sigmask: number
}

export interface PrintCode {
  /** Position-independent code, with 8-byte alignment. The print function is at offset 0. */
  readonly bytes: Uint8Array
  /** Offset of `int run(struct print_buffer *)`, in bytes. */
  readonly runOffset: number
  /** Offset of the key, in bytes. The bytes before it are the same in every process. */
  readonly keyOffset: number
}

/**
 * Returns the machine code of a print function for libbpf, and of a function that makes a call with it on any thread. In
 * C, with the struct that print-buffer.ts describes:
 *
 *     int print(enum libbpf_print_level level, const char *format, va_list arguments)
 *     {
 *       struct print_buffer *to = pthread_getspecific(key);
 *       if (!to || level > to->limit || to->end - to->at < 2) return 0;
 *       to->at[0] = level;
 *       int length = vsnprintf(to->at + 1, to->end - to->at - 1, format, arguments);
 *       if (length >= 0) to->at = min(to->at + length + 2, to->end);
 *       return 0;
 *     }
 *
 *     int run(struct print_buffer *to)
 *     {
 *       pthread_sigmask(SIG_BLOCK, &to->blocked, &to->previous);
 *       pthread_setspecific(key, to);
 *       to->result = to->call(to->argument);
 *       pthread_setspecific(key, NULL);
 *       pthread_sigmask(SIG_SETMASK, &to->previous, NULL);
 *       return to->result;
 *     }
 *
 * This file's test has the assembly and compares the bytes with it. Undefined on other architectures.
 */
export function printCode(arch: string, constants: PrintCodeConstants): PrintCode | undefined {
  const found = codeByArchitecture[arch]
  if (!found) return undefined
  const { key, vsnprintf, pthread_getspecific, pthread_setspecific, pthread_sigmask } = constants
  const instructions = Buffer.from(found.hex, 'hex')
  const words = BigUint64Array.from(
    [key, vsnprintf, pthread_getspecific, pthread_setspecific, pthread_sigmask].map(BigInt),
  )
  return {
    bytes: Buffer.concat([instructions, Buffer.from(words.buffer)]),
    runOffset: found.run,
    keyOffset: instructions.length,
  }
}

const codeByArchitecture: Readonly<Record<string, { readonly hex: string; readonly run: number }>> =
  {
    x64: {
      run: 108,
      hex:
        '534154415589fb4989f44989d58b3db5000000ff15bf0000004885c074463b58107741488b38488b' +
        '70084829fe4883fe027231881f48ffc748ffce4889c34c89e24c89e931c0ff158400000085c07814' +
        '488b13488d440202483b4308480f47430848890331c0415d415c5bc3534889fb31ff488d7340488d' +
        '93c0000000ff15650000008b3d3f0000004889deff154e000000488b7b20ff53188943288b3d2600' +
        '000031f6ff1536000000bf02000000488db3c000000031d2ff152a0000008b43285bc30f1f440000',
    },
    arm64: {
      run: 152,
      hex:
        'fd7bbda9fd030091f35301a9f51300f9f303002af40301aaf50302aaa00700181008005800023fd6' +
        'e00200b4091040b97f02096b88020054092840a9410109cb3f0800f10302005433150038210400d1' +
        'f30300aae00309aae20314aae30315aad005005800023fd6e000f837692a40a92941208b29090091' +
        '3f010aeb29918a9a690200f9e0031f2af51340f9f35341a9fd7bc3a8c0035fd6fd7bbea9fd030091' +
        'f30b00f9f30300aae0031f2a6102019162020391f003005800023fd6a0020018e10313aa30030058' +
        '00023fd6708241a900023fd6602a00b9c0010018e1031faa5002005800023fd64000805261020391' +
        'e2031faaf001005800023fd6602a40b9f30b40f9fd7bc2a8c0035fd61f2003d5',
    },
  }
