// Numbers that differ from run to run; the seed is printed, for doing it again with MPP_TEST_SEED.

export class Dice {
  #state: bigint;

  constructor() {
    const given = process.env['MPP_TEST_SEED'];
    const seed = given === undefined ? BigInt(Math.floor(Math.random() * 2 ** 48)) : BigInt(given);
    console.log(`MPP_TEST_SEED=${String(seed)}`);
    this.#state = seed | 1n;
  }

  /** A number from `low` up to and without `high`. */
  between(low: number, high: number): number {
    // xorshift64*, as in the harness for Rust.
    this.#state ^= this.#state >> 12n;
    this.#state = BigInt.asUintN(64, this.#state ^ (this.#state << 25n));
    this.#state ^= this.#state >> 27n;
    const drawn = BigInt.asUintN(64, this.#state * 0x2545f4914f6cdd1dn) >> 16n;
    return low + Number(drawn % BigInt(high - low));
  }
}
