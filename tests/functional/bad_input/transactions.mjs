// Raw transactions that must be refused, and the name of the refusal. `make` gets a context whose
// account has funds and whose nonce is the next one, so that nothing else is wrong with them.
import { concatHex, toRlp } from "viem";
import { dynamic_fee, dynamic_fee_fields, group_order, legacy, typed } from "./craft.mjs";

const bytes = (count, byte = "11") => `0x${byte.repeat(count)}`;
const replace = (index, value) => (fields) => fields.with(index, value);
const nested = (depth) => {
    let item = [];
    for (let level = 0; level < depth; level++) item = [item];
    return item;
};

export const transaction_cases = [
    // ------------------------------------------------------------------------- encoding
    { name: "no bytes at all", make: () => "0x", expect: /rlp|transaction/ },
    { name: "one byte", make: () => "0x80", expect: /rlp|transaction/ },
    { name: "an empty list", make: () => "0xc0", expect: "rlp.truncated" },
    { name: "type 2 and nothing behind it", make: () => "0x02", expect: "rlp.truncated" },
    { name: "type 2 with an empty list", make: () => "0x02c0", expect: "rlp.truncated" },
    {
        name: "a list that promises more bytes than there are",
        make: () => "0x02f8ff01",
        expect: "rlp.truncated",
    },
    { name: "a length of 2^64 - 1", make: () => "0x02ffffffffffffffffff", expect: /^rlp\./ },
    {
        name: "cut off in the last field",
        make: async (c) => (await dynamic_fee(c)).slice(0, -2),
        expect: "rlp.truncated",
    },
    {
        name: "a byte behind the transaction",
        make: async (c) => `${await dynamic_fee(c)}00`,
        expect: "rlp.trailing",
    },
    {
        name: "a field too many",
        make: (c) => dynamic_fee(c, { fields: (f) => [...f, "0x01"] }),
        expect: /^rlp\./,
    },
    {
        name: "a field too few",
        make: (c) => dynamic_fee(c, { fields: (f) => f.slice(0, -1) }),
        expect: /^rlp\./,
    },
    {
        name: "a leading zero in the nonce",
        make: (c) => dynamic_fee(c, { nonce: "0x0000" }),
        expect: "rlp.not_canonical",
    },
    {
        name: "a zero written as a byte",
        make: (c) => dynamic_fee(c, { value: "0x00" }),
        expect: "rlp.not_canonical",
    },
    {
        name: "a list where a number belongs",
        make: (c) => dynamic_fee(c, { fields: replace(1, []) }),
        expect: "rlp.unexpected",
    },
    {
        name: "a string where the access list belongs",
        make: (c) => dynamic_fee(c, { fields: replace(8, "0x") }),
        expect: "rlp.unexpected",
    },
    {
        name: "an address of 19 bytes",
        make: (c) => dynamic_fee(c, { to: bytes(19) }),
        expect: "rlp.unexpected",
    },
    {
        name: "an address of 21 bytes",
        make: (c) => dynamic_fee(c, { to: bytes(21) }),
        expect: "rlp.unexpected",
    },
    {
        name: "an access list nested 500 deep",
        make: (c) => dynamic_fee(c, { fields: replace(8, nested(500)) }),
        expect: /^rlp\./,
    },
    {
        name: "a storage key of 31 bytes",
        make: (c) => dynamic_fee(c, { access_list: [[c.to, [bytes(31)]]], gas: 60_000 }),
        expect: "rlp.unexpected",
    },
    {
        name: "a type nobody knows",
        make: (c) => typed(c, 0x7e, dynamic_fee_fields(c)),
        expect: "transaction.type_unknown",
    },
    {
        name: "type 0 in an envelope",
        make: async (c) => concatHex(["0x00", await legacy(c)]),
        expect: "transaction.type_unknown",
    },
    {
        name: "a blob transaction (type 3)",
        make: (c) => typed(c, 3, [...dynamic_fee_fields(c), "0x01", [bytes(32, "01")]]),
        expect: "transaction.type_refused",
    },
    {
        name: "a set-code transaction (type 4)",
        make: (c) => typed(c, 4, [...dynamic_fee_fields(c), []]),
        expect: "transaction.type_refused",
    },
    {
        name: "200 kB of data",
        make: (c) => dynamic_fee(c, { data: bytes(200_000), gas: 16_000_000 }),
        expect: "transaction.too_large",
    },

    // ------------------------------------------------------------------------ signature
    { name: "high s", make: (c) => dynamic_fee(c, { high_s: true }), expect: "transaction.high_s" },
    {
        name: "high s, legacy",
        make: (c) => legacy(c, { high_s: true }),
        expect: "transaction.high_s",
    },
    {
        name: "r of zero",
        make: (c) => dynamic_fee(c, { r: 0 }),
        expect: "transaction.bad_signature",
    },
    {
        name: "s of zero",
        make: (c) => dynamic_fee(c, { s: 0 }),
        expect: "transaction.bad_signature",
    },
    {
        name: "r of the group order",
        make: (c) => dynamic_fee(c, { r: group_order }),
        expect: "transaction.bad_signature",
    },
    {
        name: "r that is no point",
        make: (c) => dynamic_fee(c, { r: 5 }),
        expect: /transaction\.bad_signature|crypto\.bad_signature|insufficient_funds/,
    },
    {
        name: "a parity of 2",
        make: (c) => dynamic_fee(c, { parity: 2 }),
        expect: "transaction.bad_signature",
    },
    {
        name: "r of 33 bytes",
        make: (c) => dynamic_fee(c, { r: bytes(33) }),
        expect: "transaction.value_overflow",
    },
    { name: "v of 26", make: (c) => legacy(c, { v: 26 }), expect: /^transaction\./ },
    {
        name: "v of 2^256 - 1",
        make: (c) => legacy(c, { v: bytes(32, "ff") }),
        expect: /^transaction\./,
    },
    {
        name: "signed by an account without funds",
        make: (c) => dynamic_fee({ ...c, key: bytes(32, "77"), nonce: 0 }),
        expect: "transaction.insufficient_funds",
    },

    // ---------------------------------------------------------------------- chain and replay
    {
        name: "another chain's transaction",
        make: (c) => dynamic_fee(c, { chain_id: 1 }),
        expect: "transaction.wrong_chain_id",
    },
    {
        name: "another chain's legacy transaction",
        make: (c) => legacy(c, { chain_id: 1 }),
        expect: "transaction.wrong_chain_id",
    },
    {
        name: "chain id of zero",
        make: (c) => dynamic_fee(c, { chain_id: 0 }),
        expect: "transaction.wrong_chain_id",
    },
    {
        name: "a chain id of 64 bits and more",
        make: (c) => dynamic_fee(c, { chain_id: bytes(9) }),
        expect: "transaction.value_overflow",
    },
    {
        name: "legacy without replay protection",
        make: (c) => legacy(c, { chain_id: null }),
        expect: "transaction.unprotected",
    },
    {
        name: "a transaction that is in the ledger already",
        make: (c) => c.included,
        expect: /transaction\.(nonce_too_low|already_known)/,
    },
    {
        name: "a stale nonce",
        make: (c) => dynamic_fee(c, { nonce: 0, value: 12_345n }),
        expect: "transaction.nonce_too_low",
    },
    {
        name: "a nonce far ahead",
        make: (c) => dynamic_fee(c, { nonce: c.nonce + 1_000_000 }),
        expect: "transaction.nonce_too_far",
    },
    {
        name: "the nonce of 2^64 - 1",
        make: (c) => dynamic_fee(c, { nonce: bytes(8, "ff") }),
        expect: "transaction.nonce_max",
    },
    {
        name: "a nonce of 9 bytes",
        make: (c) => dynamic_fee(c, { nonce: bytes(9) }),
        expect: "transaction.value_overflow",
    },

    // ------------------------------------------------------------------------- money and gas
    {
        name: "more value than the account has",
        make: (c) => dynamic_fee(c, { value: 10n ** 30n }),
        expect: "transaction.insufficient_funds",
    },
    {
        name: "value that only overflows with the gas",
        make: (c) => dynamic_fee(c, { value: 2n ** 256n - 1n }),
        expect: /insufficient_funds|value_overflow/,
    },
    {
        name: "a value of 33 bytes",
        make: (c) => dynamic_fee(c, { value: bytes(33) }),
        expect: "transaction.value_overflow",
    },
    {
        name: "a fee cap of 2^256 - 1",
        make: (c) => dynamic_fee(c, { cap: bytes(32, "ff") }),
        expect: /insufficient_funds|value_overflow/,
    },
    {
        name: "a tip above the fee cap",
        make: (c) => dynamic_fee(c, { tip: 10n ** 12n }),
        expect: "transaction.tip_above_fee_cap",
    },
    {
        name: "a fee cap of zero",
        make: (c) => dynamic_fee(c, { cap: 0, tip: 0 }),
        expect: /transaction\.(underpriced|fee_cap_below_base_fee)/,
    },
    {
        name: "20,999 gas for a transfer",
        make: (c) => dynamic_fee(c, { gas: 20_999 }),
        expect: "transaction.gas_below_intrinsic",
    },
    {
        name: "gas for the call but not for its data",
        make: (c) => dynamic_fee(c, { data: bytes(100), gas: 21_100 }),
        expect: "transaction.gas_below_intrinsic",
    },
    {
        name: "gas for the data but below its floor",
        make: (c) => dynamic_fee(c, { data: bytes(1_000), gas: 37_500 }),
        expect: "transaction.gas_below_intrinsic",
    },
    {
        name: "gas above the cap of a transaction",
        make: (c) => dynamic_fee(c, { gas: 16_777_217 }),
        expect: "transaction.gas_above_limit",
    },
    {
        name: "gas of 9 bytes",
        make: (c) => dynamic_fee(c, { gas: bytes(9) }),
        expect: "transaction.value_overflow",
    },
    {
        name: "init code of 50 kB",
        make: (c) => dynamic_fee(c, { to: "0x", data: bytes(50_000, "00"), gas: 5_000_000 }),
        expect: "transaction.init_code_too_large",
    },
    {
        name: "a list of transactions",
        make: async (c) => toRlp([await dynamic_fee(c)]),
        expect: /^(rlp|transaction)\./,
    },
];
