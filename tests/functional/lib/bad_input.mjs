// Runs one table of bad input: each case within its bound, and after each the node serves on.
import assert from "node:assert/strict";
import { within } from "./wait.mjs";

/**
 * Memory that a whole table may cost a node, leak or fragmentation: generous, yet far below harm.
 */
const resident_growth_max = 192 * 1024 * 1024;
const case_milliseconds_max = 10_000;

export function matches(expected, seen) {
    return expected instanceof RegExp
        ? expected.test(String(seen))
        : String(expected) === String(seen);
}

export async function run_table(t, node, cases, run_case) {
    const before = node.resident_bytes();
    const failures = [];
    for (const entry of cases) {
        try {
            await within(entry.within ?? case_milliseconds_max, "the case", run_case(entry));
            await within(5_000, "an ordinary question afterwards", node.rpc.call("eth_chainId"));
        } catch (error) {
            failures.push(`${entry.name}: ${error.message}`);
            if (!node.is_running)
                throw new Error(`the node died of: ${entry.name}\n${node.log_tail()}`);
        }
    }
    t.diagnostic(`${cases.length} cases`);
    assert.equal(failures.length, 0, `\n${failures.join("\n")}\n`);
    const grown = node.resident_bytes() - before;
    assert.ok(grown < resident_growth_max, `memory grew by ${(grown / 1048576).toFixed()} MB`);
}
