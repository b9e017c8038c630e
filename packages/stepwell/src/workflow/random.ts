/**
 * Random numbers that are the same in every replay: sfc32 (Chris Doty-Humphrey, PractRand), begun from a hash of a
 * text. Not for secrets.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    [this.#a, this.#b, this.#c] = hash(seed);
    // The first numbers still show the seed.
    for (let n = 0; n < 12; n++) this.#next();
  }

  /** Uniform in [0, 1), with 53 bits. */
  number(): number {
    return ((this.#next() >>> 5) * 0x4000000 + (this.#next() >>> 6)) / 2 ** 53;
  }

  /** A UUID of version 4. */
  uuid(): string {
    const words = [this.#next(), this.#next(), this.#next(), this.#next()];
    words[1] = (words[1]! & 0xffff0fff) | 0x4000;
    words[2] = (words[2]! & 0x3fffffff) | 0x80000000;
    const hex = words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  #next(): number {
    const result = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result;
  }
}

/** Three 32-bit numbers out of a text (FNV-1a with three starts). */
function hash(text: string): [number, number, number] {
  return [0x811c9dc5, 0x9e3779b9, 0x85ebca6b].map((start) => {
    let h = start;
    for (let n = 0; n < text.length; n++) h = Math.imul(h ^ text.charCodeAt(n), 0x01000193);
    return h ^ (h >>> 15);
  }) as [number, number, number];
}
